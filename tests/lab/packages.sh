# The Debian packages of the lab, and their installation without any of their daemons being started.

packages=(openssh-server openssh-client rsync git iproute2 nftables procps util-linux slurm-wlm munge busybox-static tcsh python3)
accounting_packages=(slurmdbd mariadb-server)

# Prints the missing ones of the packages named (or of all), and fails when there are any.
missing_packages() {
  local missing
  [[ $# -gt 0 ]] || set -- "${packages[@]}"
  missing=$(comm -23 <(printf '%s\n' "$@" | sort) <(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii //p' | sort))
  [[ -z $missing ]] || { printf '%s\n' "$missing"; return 1; }
}

install_packages() {
  local missing turn
  ! missing=$(missing_packages "$@") || return 0
  missing=${missing//$'\n'/ }
  [[ $EUID == 0 ]] || fail "packages are missing: $missing" "run: sudo apt-get update && sudo apt-get install --no-install-recommends $missing"
  command -v apt-get >/dev/null || fail "packages are missing: $missing" "install them; this machine has no apt-get"
  # One at a time: the first takes policy-rc.d away again.
  exec {turn}>/run/muster-lab-install.lock
  flock "$turn"
  local log=/tmp/muster-lab-install.$$.log policy=/usr/sbin/policy-rc.d mine=
  # Package scripts ask policy-rc.d before they start a daemon; 101 says no.
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; mine=yes
    trap "rm -f $policy" EXIT
  fi
  echo "installing $missing"
  local rc=0
  # An installation that was killed in its midst is brought to its end first.
  { { [[ -z $(dpkg --audit) ]] || dpkg --configure -a || :; } && apt-get -o DPkg::Lock::Timeout=300 -q update &&
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null || rc=$?
  [[ -z $mine ]] || { rm -f "$policy"; trap - EXIT; }
  [[ $rc == 0 ]] || { tail -n 5 "$log" >&2; fail "apt-get could not install $missing" "read $log"; }
  rm -f "$log"
  exec {turn}>&-
}
