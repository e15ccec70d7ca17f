# The hosts: accounts, disks, sshd, and how to run something on one of them.
# A host is a network namespace muster-HOST and, below one PID 1 (host-init), its own mount, UTS, IPC and PID namespaces.
# The folder run/hosts/HOST is /run/muster-lab inside the host, which keeps socket paths short.

nodes=(node1 node2 node3 node4 node5 node6 node7)
computes=(c1 c2 c3)
hosts=(login "${nodes[@]}" "${computes[@]}")
declare -A address=(
  [login]=10.231.0.10 [node1]=10.231.0.11 [node2]=10.231.0.12 [node3]=10.231.0.13
  [node4]=10.231.0.14 [node5]=10.231.0.15 [node6]=10.231.0.16 [node7]=10.231.0.17
  [c1]=10.231.1.21 [c2]=10.231.1.22 [c3]=10.231.1.23)
login_back=10.231.1.10

accounts=(muster-lab muster-csh muster-banner muster-bb muster-new)
declare -A shell=([muster-lab]=/bin/bash [muster-csh]=/bin/csh [muster-banner]=/bin/bash [muster-bb]=/bin/sh [muster-new]=/bin/bash)
disk_size=1g scratch_size=64m

need_host() { [[ -n ${address[$1]:-} ]] || usage "the lab has no host '$1', only: ${hosts[*]}"; }
in_cluster() { [[ $1 == login || $1 == c? ]]; }
accounts_of() { if in_cluster "$1"; then echo muster-lab; else echo "${accounts[@]}"; fi; }

# The process id, as seen from outside, of a host's PID 1. A number reused by another process is not in the host's network namespace.
init_of() {
  local pid
  [[ -e $run/hosts/$1/init.pid ]] || return 1
  read -r pid <"$run/hosts/$1/init.pid" || return 1
  [[ /proc/$pid/ns/net -ef /run/netns/muster-$1 ]] && echo "$pid"
}

inside() {
  local pid
  pid=$(init_of "$1") || fail "host $1 is off" "run: $here/lab mend $1; $here/lab up"
  shift
  nsenter --target "$pid" --mount --uts --ipc --net --pid -- "$@"
}

on() {
  local host=$1; shift
  inside "$host" env -i HOME=/root USER=root TERM="${TERM:-dumb}" PATH="$PATH" LANG=C.UTF-8 SLURM_CONF=/run/muster-lab/cluster/slurm.conf "$@"
}

as() {
  local host=$1 user=$2; shift 2
  [[ " $(accounts_of "$host") " == *" $user "* ]] || usage "host $host has no account '$user', only: $(accounts_of "$host")"
  local common=(HOME="/home/$user" USER="$user" LOGNAME="$user" SHELL="${shell[$user]}" TERM="${TERM:-dumb}" LANG=C.UTF-8)
  if [[ $user == muster-bb ]]; then
    inside "$host" env -i "${common[@]}" PATH=/usr/bin:/bin chroot --userspec="$user:$user" /run/muster-lab/disk/bb /bin/sh -c 'cd && exec "$@"' sh "$@"
  else
    inside "$host" env -i "${common[@]}" PATH=/usr/local/bin:/usr/bin:/bin SLURM_CONF=/run/muster-lab/cluster/slurm.conf \
      setpriv --reuid "$user" --regid "$user" --init-groups sh -c 'cd && exec "$@"' sh "$@"
  fi
}

make_accounts() {
  local user
  for user in "${accounts[@]}"; do
    if ! id "$user" >/dev/null 2>&1; then
      useradd --no-create-home --home-dir "/home/$user" --shell "${shell[$user]}" --user-group "$user"
    fi
    # useradd leaves '!', a locked account, which sshd without PAM refuses.
    if [[ $user == muster-new ]]; then usermod -p "$(openssl passwd -6 lab-password)" "$user"; else usermod -p '*' "$user"; fi
  done
}

make_keys() {
  ssh-keygen -q -t ed25519 -N '' -C muster-lab -f "$run/id" </dev/null
  : >"$run/known_hosts"
  local host
  for host in "${hosts[@]}"; do
    mkdir -p "$run/hosts/$host"
    ssh-keygen -q -t ed25519 -N '' -C "$host" -f "$run/hosts/$host/hostkey" </dev/null
    echo "${address[$host]} $(cut -d' ' -f1,2 "$run/hosts/$host/hostkey.pub")" >>"$run/known_hosts"
  done
  { echo "127.0.0.1 localhost"; echo "$login_back login"
    for host in "${nodes[@]}" "${computes[@]}"; do echo "${address[$host]} $host"; done; } >"$run/hosts.txt"
}

# The disks are mounted outside, so that they outlive a power cut and can be looked into at run/hosts/HOST/disk.
make_host() {
  local host=$1 dir=$run/hosts/$1 user home
  mkdir -p "$dir"/{disk,authorized_keys,log,faults}
  [[ -d /scratch ]] || { mkdir /scratch; : >/run/muster-lab/made-scratch; }
  mount -t tmpfs -o size=$disk_size,mode=755 muster-lab "$dir/disk"
  mkdir -m 1777 "$dir"/disk/{tmp,var-tmp}
  mkdir "$dir"/disk/log
  if in_cluster "$host"; then
    mkdir -p "$dir"/{cluster,munge,state,spool} "$run"/cluster/{home,scratch}
    if [[ $host == login ]]; then
      mount -t tmpfs -o size=$disk_size,mode=755 muster-lab "$run/cluster/home"
      mount -t tmpfs -o size=$scratch_size,mode=1777 muster-lab "$run/cluster/scratch"
      make_home "$run/cluster/home" muster-lab
      (umask 077; head -c 1024 /dev/urandom >"$dir/munge/key")
    else
      cp -p "$run/hosts/login/munge/key" "$dir/munge/key"
    fi
  else
    mkdir "$dir"/{scratch,disk/home}
    mount -t tmpfs -o size=$scratch_size,mode=1777 muster-lab "$dir/scratch"
    for user in muster-lab muster-csh muster-banner muster-new; do make_home "$dir/disk/home" "$user"; done
    make_banner "$dir/disk/home/muster-banner"
    make_busybox "$dir/disk/bb"
  fi
  echo "lab host $host: authorised use only, every key stroke is counted" >"$dir/banner"
  cp "$run/hosts.txt" "$dir/hosts.txt"
  : >"$dir/resolv.conf"
  allow_keys "$host"
  write_sshd_config "$host"
}

make_home() {
  cp -r /etc/skel "$1/$2"
  chown -R "$2:$2" "$1/$2"
  chmod 755 "$1/$2"
}

make_banner() {
  local file
  for file in .bashrc .profile; do
    printf 'echo "*** Welcome to the lab. Quota: 93%% used. ***"\necho "    This line comes from %s"\n' "$file" >"$1/$file"
  done
  chown muster-banner:muster-banner "$1"/.bashrc "$1"/.profile
}

# A root of busybox alone. /proc and /dev are mounted in it by host-init.
make_busybox() {
  local root=$1 file
  mkdir -p "$root"/{bin,usr,dev,proc,etc,home,tmp}
  ln -s ../bin "$root/usr/bin"          # the links below lead to wherever busybox lies here, /bin or /usr/bin
  chmod 1777 "$root/tmp"
  /bin/busybox --install -s "$root/bin"
  cp --remove-destination /bin/busybox "$root/bin/busybox"
  getent passwd root muster-bb >"$root/etc/passwd"
  getent group root muster-bb >"$root/etc/group"
  mkdir "$root/home/muster-bb"
  chown muster-bb:muster-bb "$root/home/muster-bb"
  for file in null zero random urandom tty; do : >"$root/dev/$file"; done
}

allow_keys() {
  local user
  for user in $(accounts_of "$1"); do cp "$run/id.pub" "$run/hosts/$1/authorized_keys/$user"; done
}

# MaxStartups and MaxSessions are left at what OpenSSH ships: tests shall meet the real limits.
write_sshd_config() {
  local host=$1
  {
    cat <<C
Port 22
HostKey /run/muster-lab/hostkey
PidFile /run/muster-lab/sshd.pid
AuthorizedKeysFile /run/muster-lab/authorized_keys/%u
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers $(accounts_of "$host")
Subsystem sftp internal-sftp
UseDNS no
PrintMotd no
PrintLastLog no
C
    if in_cluster "$host"; then
      echo "SetEnv SLURM_CONF=/run/muster-lab/cluster/slurm.conf"
    else
      cat <<C
Match User muster-banner
  Banner /run/muster-lab/banner
Match User muster-bb
  ChrootDirectory /run/muster-lab/disk/bb
Match User muster-new
  PasswordAuthentication yes
  AuthorizedKeysFile .ssh/authorized_keys
C
    fi
  } >"$run/hosts/$host/sshd_config"
}

boot() {
  local host=$1 dir=$run/hosts/$1
  rm -f "$dir"/{ready,init.pid,sshd.pid,slurmd.pid,slurmctld.pid} "$dir/munge"/{sock,sock.lock,pid}
  tr -d '\n' </proc/sys/kernel/random/uuid >"$dir/boot_id"; echo >>"$dir/boot_id"
  setsid nsenter --net="/run/netns/muster-$host" unshare --mount --uts --ipc --pid --fork "$here/host-init" "$host" "$run" \
    </dev/null >"$dir/init.log" 2>&1 9>&- &
  disown
}

wait_boot() {
  local try
  for try in {1..1000}; do
    [[ ! -e $run/hosts/$1/ready ]] || return 0
    sleep 0.01
  done
  cat "$run/hosts/$1/init.log" >&2
  fail "host $1 did not start within 10 s" "read $run/hosts/$1/init.log"
}

# The kernel kills a PID namespace as a whole when its PID 1 dies. Processes brought in from outside are in the network namespace too.
power_off() {
  local host=$1 pid try
  [[ -e /run/netns/muster-$host ]] || return 0
  if pid=$(init_of "$host"); then kill -KILL "$pid" 2>/dev/null || :; fi
  for try in {1..500}; do
    pid=$(ip netns pids "muster-$host")
    [[ -n $pid ]] || return 0
    [[ $try -lt 20 ]] || kill -KILL $pid 2>/dev/null || :
    sleep 0.01
  done
  fail "processes of host $host do not end: ${pid//$'\n'/ }" "look at them with ps, then run the same command again"
}

listening() {
  [[ -n $(nsenter --net="/run/netns/muster-$1" ss -Hltn 'sport = :22') ]]
}

start_sshd() { inside "$1" /usr/sbin/sshd -f /run/muster-lab/sshd_config -E /run/muster-lab/sshd.log </dev/null >/dev/null 2>&1 9>&-; }

# In the host's PID namespace pkill sees the host's processes only.
stop_sshd() {
  local try
  inside "$1" sh -c 'test ! -e /run/muster-lab/sshd.pid || kill "$(cat /run/muster-lab/sshd.pid)"' 2>/dev/null || :
  for try in {1..300}; do listening "$1" || return 0; sleep 0.01; done
}

# Sessions are all sshd processes but the listener.
signal_sessions() {
  inside "$1" bash -c 'read -r listener 2>/dev/null </run/muster-lab/sshd.pid || listener=none
    for pid in $(pgrep -x sshd); do [[ $pid == "$listener" ]] || kill "-$1" "$pid" 2>/dev/null || :; done' bash "$2"
}

clean_host() {
  local host=$1
  inside "$host" bash -c '
    for user; do pkill -KILL -u "$user" || :; done
    rm -rf /home/*/.muster /run/muster-lab/disk/bb/home/*/.muster
    for user; do find /tmp /var/tmp /scratch /run/muster-lab/disk/bb/tmp /dev/shm -mindepth 1 -xdev -user "$user" -delete 2>/dev/null || :; done
  ' bash $(accounts_of "$host")
}

write_client_files() {
  local host user
  # ssh takes the first value it finds, so what is particular comes before 'Host *'.
  {
    for host in "${hosts[@]}"; do
      echo "Host $host"; echo "  HostName ${address[$host]}"
      [[ $host != c? ]] || echo "  ProxyJump login"
    done
    for host in "${nodes[@]}"; do
      for user in csh banner bb new; do printf 'Host %s-%s\n  HostName %s\n  User muster-%s\n' "$host" "$user" "${address[$host]}" "$user"; done
    done
    printf 'Host *-new\n  BatchMode no\n'
    cat <<C
Host *
  User muster-lab
  IdentityFile $run/id
  IdentitiesOnly yes
  UserKnownHostsFile $run/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 5
  KexAlgorithms curve25519-sha256
C
  } >"$run/ssh_config"
  {
    cat <<C
default-site: lab-ssh
sites:
  lab-ssh:
    kind: ssh
    ssh-config: $run/ssh_config
    hosts: [node1, node2, node3]
    roles: { server: [node3] }
  lab-roles:
    kind: ssh
    ssh-config: $run/ssh_config
    hosts: [node4, node5, node6]
    roles: { server: [node6] }
  lab-slurm:
    kind: slurm
    ssh-config: $run/ssh_config
    host: login
C
    for user in csh banner bb; do
      printf '  lab-%s:\n    kind: ssh\n    ssh-config: %s\n    hosts: [node1-%s]\n' "$user" "$run/ssh_config" "$user"
    done
  } >"$run/muster.yaml"
  printf 'export MUSTER_SSH_CONFIG=%q\nexport MUSTER_CONFIG=%q\n' "$run/ssh_config" "$run/muster.yaml" >"$run/env"
}
