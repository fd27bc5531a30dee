#!/bin/sh
# window.sh WIDTHxHEIGHT PHOTO...: Krita's window on a private X server, in the Debian folder.
# The test inside ends Krita; its exit status is this script's.
SIZE=$1; shift
number=90
while [ -e "/tmp/.X11-unix/X$number" ] || [ -e "/tmp/.X$number-lock" ]; do
    number=$((number + 1))
done
Xvfb ":$number" -screen 0 "${SIZE}x24" -nolisten tcp >/dev/null 2>&1 &
server=$!
export DISPLAY=":$number"
tries=0
until xdpyinfo >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || exit 1
    sleep 0.1
done
openbox >/dev/null 2>&1 &
manager=$!
krita --nosplash "$@"
status=$?
kill "$manager" "$server"
exit $status
