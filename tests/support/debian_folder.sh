#!/bin/sh
# Makes a folder with a Debian that holds the image editors, and runs commands in it.
#
#   debian_folder.sh DIR build             make it; an existing finished folder is kept
#   debian_folder.sh DIR run CMD [ARG...]  run CMD inside
#   debian_folder.sh DIR remove            delete it
#
# Environment: SUITE, the Debian release to take: "trixie" (13: GIMP 3.0, Krita 5.2) unless
# set, "bookworm" (12: Krita 5.1), "experimental" (Krita 6) or "sid" (GIMP 3.2);
# BIND="OUTSIDE:INSIDE ...", further folders to show inside, absolute paths.
#
# Needs root, debootstrap and unshare. Mirror, proxy, certificates and credentials for packages
# are those of this machine's own apt. Every `run` has a mount namespace of its own that
# vanishes with the command, so a killed test leaves no mount behind; the network and /tmp
# (so X displays) are shared by all runs, /dev/shm is not.
set -eu
usage() { sed -n '2,6p' "$0"; exit 2; }
[ $# -ge 2 ] || usage
DIR=$1 ACTION=$2; shift 2
SUITE=${SUITE:-trixie}
STAMP=$DIR/.handtint-ready

GIMP="gimp gir1.2-gimp-3.0 python3-gi python3-gi-cairo gir1.2-gtk-3.0"
case $SUITE in
trixie) EDITORS="$GIMP krita python3-pyqt5" ;;
bookworm) EDITORS="krita python3-pyqt5" ;; # its GIMP is 2.10
experimental) EDITORS="krita python3-pyqt6" ;;
*) EDITORS=$GIMP ;;
esac
BASE=$SUITE CHOICE=
# An addition to sid, from which nothing is taken that is not asked for.
[ "$SUITE" != experimental ] || { BASE=sid CHOICE="-t experimental"; }
WINDOWS="xvfb xauth x11-utils xdotool openbox imagemagick dbus dbus-bin fonts-dejavu-core
 librsvg2-common adwaita-icon-theme"
TOOLS="procps ca-certificates python3-numpy time"

mirror_of_this_machine() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk '$2 !~ /-/ && $1 ~ /debian\/?$/ { print $1; exit }'
}

enter() {
    DIR=$DIR BIND=${BIND:-} exec unshare --mount --propagation private sh -eu -c '
        mount -t proc proc "$DIR/proc"
        mount --rbind /dev "$DIR/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$DIR/dev/shm"
        for pair in $BIND; do
            mkdir -p "$DIR${pair#*:}"
            mount --rbind "${pair%%:*}" "$DIR${pair#*:}"
        done
        exec chroot "$DIR" "$@"' enter "$@"
}

bootstrap() {
    rm -rf --one-file-system "$DIR"
    mkdir -p "$DIR/etc/dpkg/dpkg.cfg.d"
    # A test folder needs neither documentation nor an fsync for each file.
    cat >"$DIR/etc/dpkg/dpkg.cfg.d/90handtint" <<END
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/locale.alias
END
    debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
        "$BASE" "$DIR" "$1"
}

configure_apt() {
    printf '#!/bin/sh\nexit 101\n' >"$DIR/usr/sbin/policy-rc.d" # start no services
    chmod 755 "$DIR/usr/sbin/policy-rc.d"
    mkdir -p "$DIR/etc/apt/apt.conf.d" "$DIR/etc/apt/auth.conf.d" \
        "$DIR/usr/local/share/ca-certificates"
    cp -f /etc/apt/auth.conf.d/* "$DIR/etc/apt/auth.conf.d/" 2>/dev/null || true
    cp -rf /usr/local/share/ca-certificates/. "$DIR/usr/local/share/ca-certificates/" 2>/dev/null || true
    cp -fL /etc/resolv.conf /etc/hosts "$DIR/etc/" 2>/dev/null || true
    {
        apt-config dump | grep -E '^Acquire::(http|https|ftp|Check-|Retries|ForceIPv4)' || true
        echo 'APT::Install-Recommends "false";'
        echo 'Acquire::Languages "none";'
    } >"$DIR/etc/apt/apt.conf.d/90handtint"
    echo "deb $1 $BASE main" >"$DIR/etc/apt/sources.list"
    case $SUITE in
    trixie | bookworm) echo "deb $1 $SUITE-updates main" >>"$DIR/etc/apt/sources.list" ;;
    experimental) echo "deb $1 experimental main" >>"$DIR/etc/apt/sources.list" ;;
    esac
}

case $ACTION in
build)
    [ ! -e "$STAMP" ] || { cat "$STAMP"; exit 0; }
    MIRROR=$(mirror_of_this_machine)
    [ -n "$MIRROR" ] || { echo "This machine's apt knows no Debian mirror." >&2; exit 1; }
    # debootstrap removes its own folder at the end: its presence means an interrupted start.
    if [ ! -x "$DIR/usr/bin/apt-get" ] || [ -d "$DIR/debootstrap" ]; then bootstrap "$MIRROR"; fi
    configure_apt "$MIRROR"
    (enter env DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -eu -c '
        apt-get update -q
        apt-get install -q -y --no-install-recommends "$@"
        apt-get clean
        rm -rf /var/lib/apt/lists/*
        dbus-uuidgen --ensure' sh $CHOICE $EDITORS $WINDOWS $TOOLS)
    {
        echo "Debian $SUITE"
        dpkg --root="$DIR" -l gimp krita python3 2>/dev/null | awk '/^ii/ { print $2, $3 }'
    } >"$STAMP.new"
    mv "$STAMP.new" "$STAMP"
    cat "$STAMP"
    ;;
run)
    [ -e "$STAMP" ] || { echo "Not built: $DIR. Run: $0 $DIR build" >&2; exit 1; }
    [ $# -gt 0 ] || usage
    enter "$@"
    ;;
remove)
    if grep -q " $(readlink -f "$DIR")/" /proc/mounts; then
        echo "Something is mounted under $DIR." >&2
        exit 1
    fi
    rm -rf --one-file-system "$DIR"
    ;;
*) usage ;;
esac
