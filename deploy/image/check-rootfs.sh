#!/bin/sh
# Starts every program of the image's file system as a pod would: in it alone, read-only, as uid 65534. Needs root.
#
#   check-rootfs.sh ROOT [PORT]     PORT and the one above it must be free; the last line says how many programs were started
set -eu
root=${1:?"usage: check-rootfs.sh ROOT [PORT]"}
port=${2:-39090}
if [ "${VESTAL_CHECK_INSIDE:-}" = "" ]; then
  # In a mount namespace of its own: nothing has to be taken apart afterwards.
  VESTAL_CHECK_INSIDE=1 exec unshare --mount "$0" "$root" "$port"
fi
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for data in prometheus alertmanager; do mount -t tmpfs -o uid=65534,gid=65534 tmpfs "$root/$data"; done
mount -o remount,bind,ro "$root"
inside() { chroot --userspec=65534:65534 "$root" "$@"; }
if inside sh -c 'touch /etc/prometheus/x' 2>/dev/null; then echo "check-rootfs: the file system is not read-only" >&2; exit 1; fi

count=0
for name in vestal prometheus promtool alertmanager operator prometheus-operator admission-webhook prometheus-config-reloader; do
  inside "/bin/$name" --version >/dev/null || { echo "check-rootfs: /bin/$name --version failed" >&2; exit 1; }
  count=$((count + 1))
done

# Servers answer, and end when they are told to.
serve() {
  name=$1 address=127.0.0.1:$2 path=$3
  shift 3
  # A shell in between would get the signal instead of the program.
  (exec chroot --userspec=65534:65534 "$root" "/bin/$name" "$@" "--web.listen-address=$address" >"$root/tmp/$name.log" 2>&1) &
  pid=$!
  left=120
  until inside wget -q -O /dev/null "http://$address$path"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] && kill -0 "$pid" 2>/dev/null || { echo "check-rootfs: $name does not answer" >&2; cat "$root/tmp/$name.log" >&2; kill "$pid" 2>/dev/null; exit 1; }
    sleep 0.5
  done
  kill -TERM "$pid"
  wait "$pid" || { echo "check-rootfs: $name ended with $?" >&2; exit 1; }
  count=$((count + 1))
}
serve prometheus "$port" /-/ready --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus
serve alertmanager "$((port + 1))" /-/ready --config.file=/etc/alertmanager/alertmanager.yml --storage.path=/alertmanager --cluster.listen-address=
serve admission-webhook "$port" /healthz --web.enable-tls=false
echo "check-rootfs: $count starts, read-only, as uid 65534"
