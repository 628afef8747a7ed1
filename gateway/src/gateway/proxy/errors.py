"""What the proxy itself answers when a request cannot be passed on."""

from common.problems import Problem, Text

__all__ = ["BadGateway", "BadRequest", "GatewayTimeout", "MethodNotSupported", "RequestTimeout"]


class BadRequest(Problem):
    """The request's framing or headers are ambiguous, so nobody may act on it."""

    type = "/problems/bad-request"
    title = Text("请求格式不正确", "The request is malformed")
    status = 400


class MethodNotSupported(Problem):
    """A method that no service offers."""

    type = "/problems/method-not-allowed"
    title = Text("不支持的请求方法", "The method is not supported")
    status = 405


class RequestTimeout(Problem):
    """The client stopped sending its body."""

    type = "/problems/request-timeout"
    title = Text("请求体发送超时", "The body was not sent in time")
    status = 408


class BadGateway(Problem):
    """The service broke off or answered something that is no HTTP."""

    type = "/problems/bad-gateway"
    title = Text("后端服务应答异常", "The service's answer could not be read")
    status = 502


class GatewayTimeout(Problem):
    """The service did not answer in time."""

    type = "/problems/gateway-timeout"
    title = Text("后端服务应答超时", "The service did not answer in time")
    status = 504
