# The network: one router namespace, muster-net, with a port for this machine and one or two for every host.
# A host keeps its address on its loopback, as a /32, and only routes to it change. So a connection survives when a host
# moves from its plain port to a delayed one.
#
#   this machine 10.231.0.1 --muster0--[ muster-net 10.231.0.254 ]--eth0-- login 10.231.0.10, node1 to node7
#                                                                 \-eth0-- c1 to c3, and eth1 of login (10.231.1.x)

gateway=10.231.0.254
router() { nsenter --net=/run/netns/muster-net "$@"; }
net_of() { nsenter --net="/run/netns/muster-$1" "${@:2}"; }

quiet_netns() { nsenter --net="/run/netns/$1" sh -c 'cd /proc/sys/net; echo 1 >ipv6/conf/all/disable_ipv6; echo 1 >ipv6/conf/default/disable_ipv6; echo 0 >ipv4/conf/all/rp_filter; echo 0 >ipv4/conf/default/rp_filter' 2>/dev/null || :; }

make_network() {
  local host port
  ip netns add muster-net
  quiet_netns muster-net
  router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; ip link set lo up'
  ip link add muster0 type veth peer name root netns muster-net
  echo 1 >/proc/sys/net/ipv6/conf/muster0/disable_ipv6 2>/dev/null || :
  ip -b - <<B
addr add 10.231.0.1/32 peer $gateway dev muster0
link set muster0 up
route add 10.231.0.0/24 via $gateway dev muster0 src 10.231.0.1
route replace unreachable 10.231.1.0/24
B
  ip -n muster-net -b - <<B
addr add $gateway/32 peer 10.231.0.1 dev root
link set root up
B
  for host in "${hosts[@]}"; do
    ip netns add "muster-$host"
    quiet_netns "muster-$host"
    ip -n muster-net link add "$host" type veth peer name eth0 netns "muster-$host"
    ip -n muster-net -b - <<B
link set $host up
route add ${address[$host]}/32 dev $host
B
    ip -n "muster-$host" -b - <<B
link set lo up
link set eth0 up
addr add ${address[$host]}/32 dev lo
route add $(subnet_of "$host") via $gateway dev eth0 onlink src ${address[$host]}
B
  done
  # The second leg of login, by which the compute nodes are reached. They know its front address too.
  ip -n muster-net link add login-back type veth peer name eth1 netns muster-login
  ip -n muster-net -b - <<B
link set login-back up
route add $login_back/32 dev login-back
B
  ip -n muster-login -b - <<B
link set eth1 up
addr add $login_back/32 dev lo
route add 10.231.1.0/24 via $gateway dev eth1 onlink src $login_back
B
  for host in "${computes[@]}"; do ip -n "muster-$host" route add ${address[login]}/32 via $gateway dev eth0 onlink src "${address[$host]}"; done
  router nft -f - <<'N'
table inet lab {
  set cut { type ipv4_addr; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ip saddr @cut drop
    ip daddr @cut drop
    iifname { "root", "login", "node1", "node2", "node3", "node4", "node5", "node6", "node7" } ip daddr 10.231.1.0/24 drop
  }
}
N
}

subnet_of() { echo "${address[$1]%.*}.0/24"; }

remove_network() {
  local host
  if [[ -e /sys/class/net/muster0 ]]; then ip link del muster0; fi
  ip route del unreachable 10.231.1.0/24 2>/dev/null || :
  for host in net "${hosts[@]}"; do
    [[ ! -e /run/netns/muster-$host ]] || ip netns del "muster-$host"
  done
  # iproute2 makes this folder a mount of itself with the first namespace and never takes it back.
  if mountpoint -q /run/netns && [[ -z $(ls -A /run/netns) ]]; then umount /run/netns && rmdir /run/netns; fi 2>/dev/null || :
}

addresses_of() { if [[ $1 == login ]]; then echo "${address[login]}, $login_back"; else echo "${address[$1]}"; fi; }
drop_packets() { router nft add element inet lab cut "{ $(addresses_of "$1") }"; }
pass_packets() { router nft delete element inet lab cut "{ $(addresses_of "$1") }" 2>/dev/null || :; }

# The delayed port: two tun devices joined by link.py. The kernel here may lack netem; tun is everywhere.
link_pid() {
  local pid
  [[ -e $run/hosts/$1/link.pid ]] || return 1
  read -r pid <"$run/hosts/$1/link.pid" || return 1
  [[ -r /proc/$pid/cmdline ]] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "link.py muster-$1 " && echo "$pid"
}

set_delay() {
  local host=$1 dir=$run/hosts/$1 pid try
  echo "$2" >"$dir/delay"
  if pid=$(link_pid "$host"); then kill -HUP "$pid"; return; fi
  rm -f "$dir/link.ready"
  setsid /usr/bin/python3 "$here/link.py" "muster-$host" "d-$host" "$dir" </dev/null >"$dir/link.log" 2>&1 9>&- &
  echo $! >"$dir/link.pid"
  disown
  for try in {1..300}; do [[ ! -e $dir/link.ready ]] || break; sleep 0.01; done
  [[ -e $dir/link.ready ]] || { cat "$dir/link.log" >&2; fail "the delayed link of $host did not start" "check that /dev/net/tun exists; read $dir/link.log"; }
  ip -n "muster-$host" route replace "$(subnet_of "$host")" dev tun0 src "${address[$host]}"
  ip -n muster-net route replace "${address[$host]}/32" dev "d-$host"
}

end_delay() {
  local host=$1 pid try
  ip -n "muster-$host" route replace "$(subnet_of "$host")" via $gateway dev eth0 onlink src "${address[$host]}"
  ip -n muster-net route replace "${address[$host]}/32" dev "$host"
  # It first delivers what is under way, and the names of its devices are free again only when it has ended.
  if pid=$(link_pid "$host"); then
    kill -TERM "$pid" || :
    for try in {1..500}; do link_pid "$host" >/dev/null || break; sleep 0.01; done
  fi
  rm -f "$run/hosts/$host"/{link.pid,delay}
}

stop_links() {
  local host pid
  for host in "${hosts[@]}"; do if pid=$(link_pid "$host"); then kill -KILL "$pid" || :; fi; done
}

# Both directions of both ports, so that the order of delay and slow does not matter.
set_rate() {
  local host=$1 place device
  for place in "muster-$host eth0" "muster-$host eth1" "muster-net $host" "muster-net login-back" "muster-$host tun0" "muster-net d-$host"; do
    read -r place device <<<"$place"
    [[ $device != eth1 && $device != login-back || $host == login ]] || continue
    if [[ $2 == 0 ]]; then
      tc -n "$place" qdisc del dev "$device" root 2>/dev/null || :
    elif ip -n "$place" link show dev "$device" >/dev/null 2>&1; then
      tc -n "$place" qdisc replace dev "$device" root tbf rate "${2}kbps" burst 16kb latency 400ms
    fi
  done
}
