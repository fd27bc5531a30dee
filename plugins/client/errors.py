"""What can go wrong between an editor and the server.

ClientError
├── BadSetting          the user's own server setting cannot be used
├── NotRunning          no server runs, and none can be started from here
├── StartFailed         the installed server was started and did not come up
├── ServerUnreachable   nothing answers at the address
├── ServerTimeout       the server gave no sign of life for too long
├── ServerLost          the connection ended before the answer was complete
├── OtherVersion        the server speaks another version of the API
├── BadReply            the answer is not what the API describes
├── BadHints            hints that cannot be used as they are
├── Dropped             what the work was for is gone: nobody needs to be told
└── Rejected            the server answered with a problem (docs/http-api.md, section 11)
    ├── ImageUnknown    the photo's pixels have to be sent again
    ├── TokenRefused    the token is missing or wrong
    └── Busy            asked to wait and send again

Every message is one or two plain sentences for the user: what happened and what to do.
"""

from __future__ import annotations

from typing import Any


class ClientError(Exception):
    """Base of everything that the client raises on purpose.

    command: a command of the message that the user may want to copy, or "".
    """

    def __init__(self, *arguments: object, command: str = "") -> None:
        super().__init__(*arguments)
        self.command = command


class BadSetting(ClientError):
    """The user's own server setting cannot be used."""


class NotRunning(ClientError):
    """No server runs, and none can be started from here."""


class StartFailed(ClientError):
    """The installed server was started and did not come up."""


class ServerUnreachable(ClientError):
    """Nothing answers at the address."""


class ServerTimeout(ClientError):
    """The server gave no sign of life for too long."""


class ServerLost(ClientError):
    """The connection ended before the answer was complete."""


class OtherVersion(ClientError):
    """The server speaks another version of the API."""


class BadReply(ClientError):
    """The answer is not what the API describes."""


class BadHints(ClientError):
    """Hints that cannot be used as they are."""


class Dropped(ClientError):
    """What the work was for is gone: nobody needs to be told."""


class Rejected(ClientError):
    """The server answered with a problem.

    status: HTTP status.  code: the stable code.  errors: `{"field", "message"}` of each
    fault of a `bad_request`.  retry_after: seconds to wait before sending again, or None.
    """

    def __init__(
        self,
        detail: str,
        status: int = 0,
        code: str = "",
        errors: list[dict[str, Any]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.errors = errors or []
        self.retry_after = retry_after


class ImageUnknown(Rejected):
    """The photo's pixels have to be sent again."""


class TokenRefused(Rejected):
    """The token is missing or wrong."""


class Busy(Rejected):
    """Asked to wait `retry_after` seconds and send again."""
