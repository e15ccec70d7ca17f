# The variables that torch.distributed reads: one process for each rank.
first=${MUSTER_PEERS%% *}
MASTER_ADDR=${first%:*} MASTER_PORT=${first##*:} RANK=$MUSTER_RANK WORLD_SIZE=$MUSTER_SIZE ROLE_RANK=$MUSTER_RANK ROLE_WORLD_SIZE=$MUSTER_SIZE
at=0 LOCAL_RANK=0 LOCAL_WORLD_SIZE=0 nodes=' '
for peer in $MUSTER_PEERS; do
  peer=${peer%:*}
  case $nodes in *" $peer "*) ;; *) nodes="$nodes$peer " ;; esac
  if [ "$peer" = "$MUSTER_ADDRESS" ]; then
    LOCAL_WORLD_SIZE=$((LOCAL_WORLD_SIZE + 1))
    [ $at -ge "$MUSTER_RANK" ] || LOCAL_RANK=$((LOCAL_RANK + 1))
  fi
  at=$((at + 1))
done
# The nodes are counted in the order in which they first appear.
NODE_RANK=0
for peer in $nodes; do [ "$peer" != "$MUSTER_ADDRESS" ] || break; NODE_RANK=$((NODE_RANK + 1)); done
GROUP_RANK=$NODE_RANK
framework="MASTER_ADDR MASTER_PORT RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE NODE_RANK GROUP_RANK ROLE_RANK ROLE_WORLD_SIZE"
export $framework
