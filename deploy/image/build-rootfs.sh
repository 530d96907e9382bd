#!/bin/sh
# Makes the file system of Vestal's image: Debian 13, Node.js, and the built program with links for the names under which operators
# and manifests start it. Needs root, mmdebstrap, Node.js and npm, and a checkout that is built (`npm run build`).
#
#   build-rootfs.sh ROOT [CHECKOUT]     ROOT must not exist yet; CHECKOUT is by default the one that this script lies in
set -eu
root=${1:?"usage: build-rootfs.sh ROOT [CHECKOUT]"}
checkout=${2:-$(cd "$(dirname "$0")/../.." && pwd)}
[ -e "$root" ] && { echo "build-rootfs: $root exists already" >&2; exit 1; }
[ -e "$checkout/dist/src/cli/main.js" ] || { echo "build-rootfs: $checkout is not built; run npm run build there" >&2; exit 1; }

# flock, which the data directory's lock needs, is of util-linux; sh and wget are for probes of pods.
mmdebstrap --quiet --variant=apt --include=nodejs,ca-certificates,wget,util-linux trixie "$root"

program=$root/usr/lib/vestal
mkdir -p "$program/dist"
cp -R "$checkout/bin" "$checkout/crds" "$checkout/package.json" "$checkout/package-lock.json" "$checkout/LICENSE" "$program/"
for part in src workers assembly wasm web; do
  [ -e "$checkout/dist/$part" ] && cp -R "$checkout/dist/$part" "$program/dist/"
done
(cd "$program" && npm ci --omit=dev --no-audit --no-fund --silent)
rm -f "$program/package-lock.json"
# The HTTP library brings a binary for every system and version of Node.js: one of them is needed.
node_abi=$(chroot "$root" node -p 'process.versions.modules')
node_arch=$(chroot "$root" node -p 'process.arch')
find "$program/node_modules/uWebSockets.js" -name 'uws_*.node' ! -name "uws_linux_${node_arch}_${node_abi}.node" -delete

for name in vestal prometheus promtool alertmanager amtool operator prometheus-operator admission-webhook \
  prometheus-config-reloader; do
  ln -sf /usr/lib/vestal/bin/vestal "$root/usr/bin/$name"
done

# Folders that Prometheus' and Alertmanager's images have, and that mounts lie over.
for folder in prometheus alertmanager; do
  mkdir -p "$root/$folder" "$root/etc/$folder"
  chown 65534:65534 "$root/$folder"
done
cat >"$root/etc/prometheus/prometheus.yml" <<'CONFIG'
scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: [localhost:9090]
CONFIG
cat >"$root/etc/alertmanager/alertmanager.yml" <<'CONFIG'
route:
  receiver: "null"
receivers:
  - name: "null"
CONFIG

# What only installing needs.
rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists" "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale"
echo "build-rootfs: $(du -sm "$root" | cut -f1) MB in $root"
