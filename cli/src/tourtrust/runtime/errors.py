"""Why the platform could not start, in both languages, for the person at the terminal."""

__all__ = ["StartError"]


class StartError(Exception):
    """A start that cannot succeed until a person changes something; `zh` and `en` say what."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")
        self.zh = zh
        self.en = en
