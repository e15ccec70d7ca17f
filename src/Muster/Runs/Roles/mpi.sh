# MPI: mpirun runs once, in rank 0. What it wants executed on another host it hands to our agent, which leaves a record that the rank there
# waits for; so hosts need no way to log in to each other.
status=$MUSTER_STATUS
. "$MUSTER_RUN_DIR/common.sh"
MUSTER_LIFE=${SLURM_RESTART_COUNT:-0}
export MUSTER_LIFE
# Its own ways through a scheduler would start a job step within this one.
for variable in $(env | sed -n 's/^\(SLURM_[A-Z0-9_]*\)=.*/\1/p'); do unset "$variable"; done
here=$MUSTER_ROLE.$MUSTER_RANK
# Daemons look for it on every host, though they start nothing.
cat >"$status/.mpi.agent" <<'AGENT'
#!/bin/sh
# agent HOST WORD…: has the first rank on that host execute the words, and stays until it has.
status=$MUSTER_STATUS
. "$MUSTER_RUN_DIR/common.sh"
target=$1 at=0 line=
shift
# A daemon that leaves its rank would end with it.
for word; do [ "$word" = --daemonize ] || line="$line$word "; done
for peer in $MUSTER_PEERS; do
  if [ "${peer%:*}" = "$target" ]; then
    there=$MUSTER_ROLE.$at
    { echo "line=$line"; echo "time=$(date +%s)"; } | record "$MUSTER_ROLE.0.call.$MUSTER_LIFE.$there"
    until [ -e "$status/$there.exit" ] || [ -e "$status/.peer.$there.exit" ]; do pause 0.3; done
    exit 0
  fi
  at=$((at + 1))
done
echo "muster: mpirun named a host that is none of ours: $target" >&2
exit 1
AGENT
chmod 700 "$status/.mpi.agent"
if [ "$MUSTER_RANK" != 0 ]; then
  call=$MUSTER_ROLE.0.call.$MUSTER_LIFE.$here
  until [ -e "$status/$call" ] || [ -e "$status/.peer.$call" ]; do pause 0.2; done
  [ -e "$status/$call" ] || call=.peer.$call
  set -- sh -c "$(field line "$status/$call")"
else
  slots=${MPI_SLOTS:-${MUSTER_GPUS:-1}}
  hosts=
  for peer in $MUSTER_PEERS; do
    case " $hosts " in *" ${peer%:*} "*) continue ;; esac
    hosts="$hosts ${peer%:*}"
  done
  for one in $hosts; do
    count=0
    for peer in $MUSTER_PEERS; do [ "${peer%:*}" != "$one" ] || count=$((count + slots)); done
    # By its own name, mpirun surely knows this host.
    if [ "$one" = "$MUSTER_ADDRESS" ]; then echo "$(uname -n) slots=$count"; else echo "$one slots=$count"; fi
  done >"$status/.mpi.hosts"
  OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent=$status/.mpi.agent OMPI_MCA_plm_rsh_no_tree_spawn=1 OMPI_MCA_ras=^slurm
  PRTE_MCA_plm=ssh PRTE_MCA_plm_ssh_agent=$status/.mpi.agent PRTE_MCA_plm_ssh_no_tree_spawn=1 PRTE_MCA_ras=^slurm
  export OMPI_MCA_plm OMPI_MCA_plm_rsh_agent OMPI_MCA_plm_rsh_no_tree_spawn OMPI_MCA_ras
  export PRTE_MCA_plm PRTE_MCA_plm_ssh_agent PRTE_MCA_plm_ssh_no_tree_spawn PRTE_MCA_ras
  # Horovod binds by itself, and wants the plain transport between hosts.
  [ "$launch" != horovod ] || set -- -bind-to none -map-by slot -mca pml ob1 -mca btl ^openib "$@"
  set -- mpirun --hostfile "$status/.mpi.hosts" -np "$((MUSTER_SIZE * slots))" "$@"
fi
