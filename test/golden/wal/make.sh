#!/usr/bin/env bash
# Makes the golden logs in this folder with a real Prometheus (see README.md). Takes two minutes.
#   make.sh PROMETHEUS PORT WORKDIR
set -eu
prometheus=$1 port=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work"
cat > "$work/config.yml" <<EOF
global: {scrape_interval: 1s, scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0, PrometheusText0.0.4]}
scrape_configs:
  - job_name: self
    static_configs: [{targets: ["127.0.0.1:$port"]}]
    metric_relabel_configs:
      - {source_labels: [__name__], regex: "go_(gc|memstats|goroutines).*|prometheus_(tsdb_head|http_request_duration|build).*", action: keep}
  - job_name: nobody
    static_configs: [{targets: ["127.0.0.1:1"]}]
EOF

start() { # DATA FLAGS…
  local data=$1; shift
  "$prometheus" --config.file="$work/config.yml" --storage.tsdb.path="$data" --web.listen-address="127.0.0.1:$port" \
    --enable-feature=native-histograms,exemplar-storage,metadata-wal-records "$@" 2> "$work/log" &
  pid=$!
  for _ in $(seq 100); do curl -sf "http://127.0.0.1:$port/-/ready" > "$work/ready" && return; sleep 0.1; done
  cat "$work/log"; exit 1
}
answer() { # FOLDER: raw samples up to half a second ago, so that none of them is under way
  date +%s.%3N -d '0.5 seconds ago' > "$1/answered-at"
  curl -sf --data-urlencode 'query={__name__!=""}[1h]' --data-urlencode "time=$(cat "$1/answered-at")" \
    "http://127.0.0.1:$port/api/v1/query" | gzip -9n > "$1/answer.json.gz"
}
stop() { kill "-$1" "$pid"; wait "$pid" || true; }

rm -rf "$work/plain" "$work/checkpoint" "$here/plain" "$here/checkpoint"
mkdir -p "$here/plain" "$here/checkpoint"

start "$work/plain"
sleep 14 # the first scrape comes after five seconds
answer "$here/plain"
stop KILL
cp -r "$work/plain/wal" "$here/plain/"

# Each start begins a segment; when the head is cut after a minute, the first of them become a checkpoint.
flags="--storage.tsdb.min-block-duration=20s --storage.tsdb.max-block-duration=20s --storage.tsdb.wal-compression-type=zstd"
for _ in 1 2 3 4; do
  # shellcheck disable=SC2086
  start "$work/checkpoint" $flags
  sleep 8
  stop TERM
done
# shellcheck disable=SC2086
start "$work/checkpoint" $flags
for _ in $(seq 90); do ls "$work"/checkpoint/wal/checkpoint.*[0-9] > "$work/found" 2>/dev/null && break; sleep 1; done
sleep 3
answer "$here/checkpoint"
stop KILL
cp -r "$work/checkpoint/wal" "$here/checkpoint/"
sed -n 's/.*"maxTime": \([0-9]*\).*/\1/p' "$work"/checkpoint/*/meta.json | sort -n | tail -1 > "$here/checkpoint/min-valid-time"
du -sh "$here"
