"""Which of the two languages a reader wants: Chinese unless `Accept-Language` prefers English."""

from starlette.requests import HTTPConnection

__all__ = ["language_of", "preferred"]


def preferred(header: str | None) -> str:
    """`en` if the header ranks English above Chinese, else `zh`."""
    best = {"zh": 0.0, "en": 0.0}
    for part in (header or "").split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        if language in best:
            try:
                weight = float(parameters.partition("q=")[2] or 1)
            except ValueError:
                weight = 0.0
            best[language] = max(best[language], weight)
    return "en" if best["en"] > best["zh"] else "zh"


def language_of(request: HTTPConnection) -> str:
    """The language of a request's answer."""
    return preferred(request.headers.get("accept-language"))
