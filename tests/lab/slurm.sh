# SLURM: slurmctld on login, slurmd on c1 to c3, and on wish slurmdbd with MariaDB on login.
# All of it reads run/cluster/slurm.conf, which the hosts see as /run/muster-lab/cluster/slurm.conf.

write_slurm_conf() {
  local conf=$run/cluster/slurm.conf
  cat >"$conf" <<C
ClusterName=lab
SlurmctldHost=login($login_back)
SlurmUser=root
SlurmdUser=root
# The least that is accepted; it is also how long a requeued job waits.
AuthInfo=socket=/run/muster-lab/munge/sock,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmctldPidFile=/run/muster-lab/slurmctld.pid
SlurmdPidFile=/run/muster-lab/slurmd.pid
StateSaveLocation=/run/muster-lab/state
SlurmdSpoolDir=/run/muster-lab/spool
SlurmctldLogFile=/run/muster-lab/log/slurmctld.log
SlurmdLogFile=/run/muster-lab/log/slurmd.log
SchedulerParameters=bf_interval=1,batch_sched_delay=0,sched_min_interval=10000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
EnforcePartLimits=ALL
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
GresTypes=gpu
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/filetxt
JobCompLoc=/run/muster-lab/log/jobcomp.txt
KillWait=2
MinJobAge=600
SlurmdTimeout=3
MessageTimeout=2
DefMemPerCPU=500
RequeueExit=99
NodeName=c1 NodeAddr=${address[c1]} CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000 Gres=gpu:a100:2 State=UNKNOWN
NodeName=c2 NodeAddr=${address[c2]} CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000 Gres=gpu:a100:2 State=UNKNOWN
NodeName=c3 NodeAddr=${address[c3]} CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000 Gres=gpu:a100:2 State=UNKNOWN
PartitionName=debug Nodes=c[1-3] Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=c1 Default=NO MaxTime=10 State=UP
PartitionName=short Nodes=c[1-3] Default=NO MaxTime=1 State=UP
PartitionName=spare Nodes=c3 Default=NO PriorityTier=0 MaxTime=INFINITE State=UP
C
  if [[ -e $run/cluster/accounting ]]; then
    cat >>"$conf" <<C
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=$login_back
# For this connection the private munge socket is named here, not in AuthInfo.
AccountingStoragePass=/run/muster-lab/munge/sock
AccountingStorageTRES=gres/gpu
C
  fi
  echo "NodeName=c[1-3] Name=gpu Type=a100 File=/run/gpu[0-1]" >"$run/cluster/gres.conf"
  # slurmd always starts a cgroup plugin; with its own choice it dies on machines without cgroups or with both versions.
  echo "CgroupPlugin=cgroup/v1" >"$run/cluster/cgroup.conf"
}

# Runs a daemon's command on a host with nothing of the caller's left open.
daemon() { on "$@" </dev/null >>"$run/hosts/$1/daemons.log" 2>&1 9>&-; }
runs() { inside "$1" pgrep -x "$2" >/dev/null 2>&1; }
wait_end() { local try; for try in {1..500}; do runs "$1" "$2" || return 0; sleep 0.02; done; return 1; }

start_slurmctld() {
  local try
  ! runs login slurmctld || return 0
  touch "$run/hosts/login/log/jobcomp.txt"; chmod 666 "$run/hosts/login/log/jobcomp.txt"   # sacct -c opens it for writing
  daemon login slurmctld
  for try in {1..300}; do
    [[ -z $(net_of login ss -Hltn 'sport = :6817') ]] || return 0
    sleep 0.02
  done
  tail -n 5 "$run/hosts/login/log/slurmctld.log" "$run/hosts/login/daemons.log" >&2 || :
  fail "slurmctld did not start within 6 s" "read $run/hosts/login/log/slurmctld.log"
}

start_slurmd() { runs "$1" slurmd || daemon "$1" slurmd; }

# Starts what does not run and is not meant to be broken.
start_slurm() {
  local host
  if [[ -e $run/cluster/accounting ]] && ! broken login off; then start_database; fi
  for host in "${computes[@]}"; do
    broken "$host" node || broken "$host" off || start_slurmd "$host"
  done
  broken login slurmctld || broken login off || start_slurmctld
}

wait_nodes() {
  local try
  for try in {1..300}; do
    [[ $(on login sinfo -h -N -p debug -o %T 2>/dev/null | grep -cE '^(idle|mixed|allocated|completing)$') != 3 ]] || return 0
    sleep 0.03
  done
  on login sinfo -N >&2 || :
  fail "SLURM's nodes did not become ready within 9 s" "read $run/hosts/*/log/slurm*.log, then run: $here/lab down"
}

slurm_controller() {
  case $1 in
    start) unmark login slurmctld; start_slurm ;;
    stop) mark login slurmctld; inside login pkill -TERM -x slurmctld || :; wait_end login slurmctld || fail "slurmctld does not end" "run: $here/lab slurm kill" ;;
    forget) forget_jobs ;;
    kill) mark login slurmctld; inside login pkill -KILL -x 'slurmctld|slurmscriptd' || :; wait_end login slurmctld ;;
    *) usage "lab slurm needs one of stop, kill, start, forget" ;;
  esac
}

# The controller forgets ended jobs after MinJobAge, here at once. What accounting holds stays.
forget_jobs() {
  local try conf=$run/cluster/slurm.conf left=?
  sed -i 's/^MinJobAge=.*/MinJobAge=2/' "$conf"
  on login scontrol reconfigure
  for try in {1..400}; do
    left=$(on login squeue -h --states=BF,CA,CD,DL,F,NF,OOM,PR,TO -o %i 2>&1)
    [[ -n $left ]] || break
    sleep 0.2
  done
  sed -i 's/^MinJobAge=.*/MinJobAge=600/' "$conf"
  on login scontrol reconfigure
  [[ -z $left ]] || fail "SLURM still knows ended jobs after 80 s" "look: $here/lab exec login squeue --states=all"
}

slurm_status() {
  if ! init_of login >/dev/null || ! runs login slurmctld; then echo "slurm  no controller"; return 1; fi
  printf 'slurm  %s%s\n' "$(on login sinfo -h -N -p debug -o '%N %T' 2>&1 | sort | paste -sd, | sed 's/,/, /g')" \
    "$([[ ! -e $run/cluster/accounting ]] || echo '; accounting on')"
}

cancel_jobs() {
  on login scancel -u muster-lab 2>/dev/null || :
  on login scontrol update 'NodeName=c[1-3]' State=RESUME >/dev/null 2>&1 || :   # refused by nodes which are well
}
wait_no_jobs() {
  local try
  for try in {1..200}; do [[ -n $(on login squeue -h 2>&1) ]] || return 0; sleep 0.05; done
  fail "SLURM still has jobs after 10 s" "look: $here/lab exec login squeue; or start afresh: $here/lab down, $here/lab up"
}

accounting() {
  case $1 in
    on) [[ ! -e $run/cluster/accounting ]] || return 0
      install_packages "${accounting_packages[@]}"
      : >"$run/cluster/accounting" ;;
    off) [[ -e $run/cluster/accounting ]] || return 0
      rm "$run/cluster/accounting" ;;
    *) usage "lab accounting needs on or off" ;;
  esac
  local host
  write_slurm_conf
  # This kind of setting is read at the start only.
  inside login pkill -TERM -x slurmctld || :
  for host in "${computes[@]}"; do inside "$host" pkill -TERM -x slurmd || :; done
  wait_end login slurmctld
  for host in "${computes[@]}"; do wait_end "$host" slurmd; done
  [[ $1 == on ]] || stop_database
  start_slurm
  [[ -n $(list_faults) ]] || wait_nodes
  if [[ $1 == on ]]; then
    on login sacctmgr -iQ add account lab Description=lab Organization=lab >/dev/null || :
    on login sacctmgr -iQ add user muster-lab Account=lab >/dev/null || :
  fi
  echo "accounting is $1"
}

start_database() {
  local dir=$run/hosts/login try
  if runs login slurmdbd; then return; fi
  if [[ ! -d $dir/db ]]; then
    install -d -o mysql "$dir/db"
    on login mariadb-install-db --no-defaults --user=mysql --datadir=/run/muster-lab/db --skip-test-db --auth-root-authentication-method=normal \
      >"$dir/log/mariadb.log" 2>&1 9>&- || fail "MariaDB made no data folder" "read $dir/log/mariadb.log"
  fi
  if ! runs login mariadbd; then
    on login setsid mariadbd --no-defaults --user=mysql --datadir=/run/muster-lab/db --socket=/run/muster-lab/db/sock --pid-file=/run/muster-lab/db/pid \
      --skip-networking --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M --skip-log-bin </dev/null >>"$dir/log/mariadb.log" 2>&1 9>&- &
    disown
    for try in {1..500}; do [[ ! -S $dir/db/sock ]] || break; sleep 0.02; done
  fi
  (umask 077; cat >"$dir/slurmdbd.conf") <<C
AuthType=auth/munge
AuthInfo=socket=/run/muster-lab/munge/sock
DbdHost=login
DbdAddr=$login_back
SlurmUser=root
PidFile=/run/muster-lab/slurmdbd.pid
LogFile=/run/muster-lab/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm_acct_db
C
  daemon login env MYSQL_UNIX_PORT=/run/muster-lab/db/sock SLURM_CONF=/run/muster-lab/slurmdbd.conf slurmdbd
  for try in {1..500}; do
    if [[ -n $(net_of login ss -Hltn 'sport = :6819') ]] && on login sacctmgr -iQ list cluster >/dev/null 2>&1; then
      on login sacctmgr -iQ add cluster lab >/dev/null 2>&1 || :
      return
    fi
    sleep 0.02
  done
  fail "slurmdbd did not start within 10 s" "read $dir/log/slurmdbd.log and $dir/log/mariadb.log"
}

stop_database() {
  inside login pkill -TERM -x slurmdbd || :
  wait_end login slurmdbd || :
  inside login pkill -TERM -x mariadbd || :
  wait_end login mariadbd || :
}
