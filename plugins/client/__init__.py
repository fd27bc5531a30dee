"""What both plug-ins know about the server: protocol, finding it, asking it.

Standard library only, Python 3.8 syntax, relative imports only: the folder is copied into
each plug-in under a name of the plug-in's own.  `messages` and `protocol` do no input or
output; `session` says in which order things are done; `transport` does them with
`http.client`, blocking.  An editor with an event loop brings a transport of its own.
"""

from .errors import (
    BadHints,
    BadReply,
    BadSetting,
    Busy,
    ClientError,
    Dropped,
    ImageUnknown,
    NotRunning,
    OtherVersion,
    Rejected,
    ServerLost,
    ServerTimeout,
    ServerUnreachable,
    StartFailed,
    TokenRefused,
)
from .messages import (
    DTYPES,
    Answer,
    DeflatedCrop,
    HintCrop,
    Picture,
    Plane,
    Progress,
    Request,
    Stream,
    Suggestion,
    Suggestions,
)
from .places import (
    Endpoint,
    ServerSetting,
    data_folder,
    read_setting,
    runtime_folder,
    write_setting,
)
from .session import Flow, Pause, Send, Session, Start, on_the_bar

__all__ = [
    "DTYPES",
    "Answer",
    "BadHints",
    "BadReply",
    "BadSetting",
    "Busy",
    "ClientError",
    "DeflatedCrop",
    "Dropped",
    "Endpoint",
    "Flow",
    "HintCrop",
    "ImageUnknown",
    "NotRunning",
    "OtherVersion",
    "Pause",
    "Picture",
    "Plane",
    "Progress",
    "Rejected",
    "Request",
    "Send",
    "ServerLost",
    "ServerSetting",
    "ServerTimeout",
    "ServerUnreachable",
    "Session",
    "Start",
    "StartFailed",
    "Stream",
    "Suggestion",
    "Suggestions",
    "TokenRefused",
    "data_folder",
    "on_the_bar",
    "read_setting",
    "runtime_folder",
    "write_setting",
]
