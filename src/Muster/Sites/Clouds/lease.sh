#!/bin/sh
# muster-lease watch | renew SECONDS | show
# Switches the machine off when nobody renews its lease, and in any case at the end of its life. Time is the machine's
# uptime: a clock that is set anew neither prolongs a lease nor ends it.
set -u
. "${MUSTER_LEASE_CONF:-/etc/muster/lease.conf}" # BOOT, CAP: seconds since the start; UNTIL: unix time
RUN=${RUN:-/run/muster}
now() {
  read -r up _ <"${UPTIME:-/proc/uptime}"
  echo "${up%%.*}"
}
put() { echo "$1" >"$RUN/lease.$$" && mv -f "$RUN/lease.$$" "$RUN/lease"; }
number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }
over() {
  echo "muster: $1 is over, switching off"
  back=${BACK:-/etc/muster/give-back}
  [ -x "$back" ] && timeout 60 "$back"
  ${OFF:-shutdown -h now}
  sleep 60
  systemctl poweroff --force --force 2>/dev/null
  sleep 30
  echo o >"${SYSRQ:-/proc/sysrq-trigger}"
}
case ${1:-} in
renew)
  number "${2:-}" || exit 2
  put "$(($(now) + $2))"
  ;;
show)
  read -r lease <"$RUN/lease"
  echo "$((lease - $(now)))"
  ;;
watch)
  mkdir -p "$RUN"
  chmod 700 "$RUN"
  t=0
  while :; do
    n=$(now)
    number "$n" || n=$((t + 10))
    t=$n
    lease=
    [ -s "$RUN/lease" ] && read -r lease <"$RUN/lease"
    number "$lease" || {
      lease=$((t + BOOT))
      put "$lease"
    }
    [ "$t" -lt "$lease" ] || over lease
    [ "$t" -lt "$CAP" ] || over cap
    [ "$(date +%s)" -lt "$((UNTIL + 300))" ] || over until
    sleep "${EVERY:-10}"
  done
  ;;
*) exit 2 ;;
esac
