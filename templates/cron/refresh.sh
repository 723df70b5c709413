#!/bin/sh
# What the crontab beside this file runs: a refresh with what came yesterday. Its log has a file for each day, kept for 30.
set -u
home=/srv/persona-hub
log=$home/log

mkdir -p "$log"
find "$log" -name 'refresh-*.log' -mtime +30 -delete
exec >>"$log/refresh-$(date -u +%Y-%m-%d).log" 2>&1
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) refresh begins"

# Keys are in a file that only this user may read: OPENAI_API_KEY=...
if [ -r "$home/keys" ]; then
  set -a
  . "$home/keys"
  set +a
fi

# A hub that this user has not built on this machine: name its --llm, --llm_base_url, --embedder ... too.
"$home/.venv/bin/persona-hub" refresh --hub "$home/hub" --input '/srv/crawl/{date-1d:%Y-%m-%d}/*'
code=$?

echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) refresh ends with exit code $code"
# A monitor that wants to hear of every run:  curl -fsS -m 10 "https://hc-ping.com/UUID/$code"
exit "$code"
