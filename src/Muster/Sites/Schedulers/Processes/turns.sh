#!/bin/sh
# turns: starts the ranks of an array, at most so many at once.
run=$(cd "$(dirname "$0")" && pwd -P) || exit 70
. "$run/plan.sh"
waiting=0
for part in $muster_ranks; do
  while :; do
    going=0
    for owner in "$run"/status/.owner.*; do
      [ -L "$owner" ] || continue
      [ -e "$run/status/${owner##*/.owner.}.exit" ] || going=$((going + 1))
    done
    [ -e "$run/status/cancel" ] || [ $going -ge "$muster_at_once" ] || break
    [ ! -e "$run/status/cancel" ] || break
    sleep 0.3 2>/dev/null || sleep 1
  done
  setsid sh "$run/supervise" "${part%.*}" "${part##*.}" </dev/null >>"$run/logs/supervise.log" 2>&1 &
  until [ -L "$run/status/.owner.$part" ] || ! kill -0 $! 2>/dev/null; do sleep 0.05 2>/dev/null || sleep 1; done
done
wait
