"""Sends requests of the client's protocol with Qt, without ever blocking the window."""

from __future__ import annotations

from typing import Any, Callable

from .client import (
    Answer,
    ClientError,
    Request,
    ServerLost,
    ServerTimeout,
    ServerUnreachable,
    protocol,
)
from .client.places import Endpoint
from .client.session import on_the_bar
from .client.translation import _
from .qt import QtCore, QtNetwork, safely

POLL_MS = 250

Done = Callable[[Answer], None]
Failed = Callable[[ClientError], None]
Report = Callable[[str, float], None]


def number(flag: Any) -> int:
    """The value of a Qt enumeration; PyQt 5 has integers, PyQt 6 Python's enumerations."""
    return int(getattr(flag, "value", flag))


class Network:
    """A place to send from; keeps connections open between requests."""

    def __init__(self) -> None:
        self.manager = QtNetwork.QNetworkAccessManager()
        # A proxy for the web must not see what goes to this machine, nor can it reach it.
        self.manager.setProxy(QtNetwork.QNetworkProxy(QtNetwork.QNetworkProxy.ProxyType.NoProxy))

    def timer(self, call: Callable[[], Any]) -> Any:
        """A timer that calls once each time it is started."""
        made = QtCore.QTimer()
        made.setSingleShot(True)
        made.timeout.connect(safely(call))
        return made

    def send(
        self,
        endpoint: Endpoint,
        request: Request,
        timeout: float,
        done: Done,
        failed: Failed,
        report: Report | None = None,
    ) -> Call:
        """Send a request; `done` or `failed` is called later, unless the call is aborted."""
        return Call(self, endpoint, request, timeout, done, failed, report)


class Call:
    """One request on its way, kept by whoever waits for it."""

    def __init__(
        self,
        network: Network,
        endpoint: Endpoint,
        request: Request,
        timeout: float,
        done: Done,
        failed: Failed,
        report: Report | None,
    ) -> None:
        self._network = network
        self._endpoint = endpoint
        self._request = request
        self._timeout = timeout
        self._done, self._failed, self._report = done, failed, report
        self._begun = False
        self._timed_out = False
        self._sent = False
        self._over = False
        self._progress: Call | None = None
        self._silence = QtCore.QTimer()
        self._silence.setSingleShot(True)
        self._silence.timeout.connect(safely(self._on_silence))
        self._poll = QtCore.QTimer()
        self._poll.setInterval(POLL_MS)
        self._poll.timeout.connect(safely(self._ask_progress))
        self._reply = self._begin()
        self._reply.readyRead.connect(safely(self._on_data))
        self._reply.uploadProgress.connect(safely(self._on_upload))
        self._reply.finished.connect(safely(self._on_finished))
        self._alive()
        if request.request_id:
            self._poll.start()

    def _begin(self) -> Any:
        url = QtCore.QUrl(self._endpoint.url + self._request.path)
        message = QtNetwork.QNetworkRequest(url)
        # A redirection would carry the token, and perhaps a photo, to somewhere else.
        message.setAttribute(
            QtNetwork.QNetworkRequest.Attribute.RedirectPolicyAttribute,
            QtNetwork.QNetworkRequest.RedirectPolicy.ManualRedirectPolicy,
        )
        if self._endpoint.token:
            message.setRawHeader(b"Authorization", b"Bearer " + self._endpoint.token.encode())
        for name, value in self._request.headers:
            message.setRawHeader(name.encode("ascii"), value.encode("ascii"))
        if self._endpoint.ca_file:
            trusted = QtNetwork.QSslConfiguration.defaultConfiguration()
            own = QtNetwork.QSslCertificate.fromPath(self._endpoint.ca_file)
            trusted.setCaCertificates(list(trusted.caCertificates()) + list(own))
            message.setSslConfiguration(trusted)
        manager = self._network.manager
        if self._request.method == "GET":
            return manager.get(message)
        if self._request.method == "DELETE":
            return manager.deleteResource(message)
        return manager.post(message, QtCore.QByteArray(self._request.body_bytes()))

    def abort(self) -> None:
        """Give up: the connection is closed, which cancels the work on the server."""
        if not self._over:
            self._end()
            self._reply.abort()

    def _end(self) -> None:
        self._over = True
        self._silence.stop()
        self._poll.stop()
        if self._progress is not None:
            self._progress.abort()
            self._progress = None

    # --- signs of life ---------------------------------------------------------------------

    def _alive(self) -> None:
        self._silence.start(max(1, int(self._timeout * 1000)))

    def _on_silence(self) -> None:
        self._timed_out = True
        self._reply.abort()

    def _on_upload(self, sent: int, total: int) -> None:
        if self._over or total <= 0:
            return
        self._alive()
        # Once sent it stays so: Qt sends again what a dying server took, and counts anew.
        self._sent = self._sent or sent == total
        self._tell("send", sent / total)

    def _on_data(self) -> None:
        if self._over:
            return
        self._alive()
        self._begun = True
        # It is read once it is there: piece by piece, every byte would be copied three times.
        total = self._reply.header(QtNetwork.QNetworkRequest.KnownHeaders.ContentLengthHeader)
        if total:
            self._tell("receive", self._reply.bytesAvailable() / int(total))

    def _tell(self, stage: str, fraction: float) -> None:
        if self._report is not None and self._request.request_id:
            self._report(*on_the_bar(stage, fraction))

    def _ask_progress(self) -> None:
        if self._progress is None:
            self._progress = self._network.send(
                self._endpoint,
                protocol.progress(self._request.request_id),
                self._timeout,
                self._on_progress,
                self._on_no_progress,
            )

    def _on_progress(self, answer: Answer) -> None:
        self._progress = None
        self._alive()
        try:
            now = protocol.read_progress(answer)
        except ClientError:
            return  # the request itself will tell
        if now is not None and now.state in ("waiting", "running") and not self._begun:
            self._tell(now.stage, now.fraction)

    def _on_no_progress(self, error: ClientError) -> None:
        self._progress = None

    # --- the end ---------------------------------------------------------------------------

    def _on_finished(self) -> None:
        reply = self._reply
        reply.deleteLater()
        if self._over:
            return
        self._end()
        body = memoryview(reply.readAll() if reply.isOpen() else b"")  # closed if aborted
        code = number(reply.error())
        status = reply.attribute(QtNetwork.QNetworkRequest.Attribute.HttpStatusCodeAttribute)
        # Qt's codes: below 100 network, below 200 proxy, then what HTTP itself says.
        if self._timed_out or 0 < code < 200 or status is None:
            self._failed(self._error(code, status is not None))
            return
        headers = {
            bytes(name).decode("latin-1").lower(): bytes(reply.rawHeader(name)).decode("latin-1")
            for name in reply.rawHeaderList()
        }
        self._done(Answer(int(status), headers, body))

    def _error(self, code: int, begun: bool) -> ClientError:
        if self._timed_out:
            return ServerTimeout(
                _(
                    "The Handtint server gave no sign of life for %g s: nothing was changed. "
                    "Restart it and try again."
                )
                % self._timeout
            )
        closed = number(QtNetwork.QNetworkReply.NetworkError.RemoteHostClosedError)
        # Qt sends once more what a server took and died of, and then finds nobody there.
        if begun or code == closed or self._sent:
            return ServerLost(
                _(
                    "The Handtint server ended before its answer was complete: nothing was "
                    "changed. Try again; its log says what happened."
                )
            )
        return ServerUnreachable(
            _(
                "No Handtint server answers at %(url)s (%(reason)s). Is it running there? If the "
                "address is wrong, correct it in the field Address, under Server."
            )
            % {"url": self._endpoint.url, "reason": self._reply.errorString()}
        )
