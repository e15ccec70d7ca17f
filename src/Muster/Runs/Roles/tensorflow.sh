# TF_CONFIG, for parameter servers and for MultiWorkerMirroredStrategy. TensorFlow calls servers ps; an evaluator stands outside the cluster.
cluster=
for group in $MUSTER_ROLES; do
  [ "$group" != evaluator ] || continue
  eval "addresses=\$MUSTER_ADDRESSES_$(printf %s "$group" | tr 'a-z-' 'A-Z_')"
  list=
  for address in $addresses; do list="$list${list:+, }\"$address\""; done
  [ "$group" != server ] || group=ps
  cluster="$cluster${cluster:+, }\"$group\": [$list]"
done
type=$MUSTER_ROLE
[ "$type" != server ] || type=ps
if [ "$type" = evaluator ]; then cluster=; else cluster="\"cluster\": {$cluster}, "; fi
TF_CONFIG="{$cluster\"task\": {\"type\": \"$type\", \"index\": $MUSTER_RANK}}" GRPC_FAIL_FAST=use_caller
framework="TF_CONFIG GRPC_FAIL_FAST"
export $framework
