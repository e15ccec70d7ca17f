# Poseidon: a master that counts the servers, the servers, and the command with the three options of its contract.
master=tcp://$MUSTER_ADDRESSES_MASTER
[ -n "$own" ] || case $MUSTER_ROLE in
  master) set -- ps_master "tcp://$MUSTER_ADDRESS:$MUSTER_PORT" "$MUSTER_SIZE_SERVER" ;;
  server) set -- ps_server "tcp://$MUSTER_ADDRESS:$MUSTER_PORT" "$master" ;;
esac
[ "$MUSTER_ROLE" != worker ] || case $1:$2 in
  sh:-c) set -- sh -c "$3 --distributed=True --master_address=$master --client_id=$MUSTER_RANK" ;;
  *) set -- "$@" --distributed=True --master_address="$master" --client_id="$MUSTER_RANK" ;;
esac
