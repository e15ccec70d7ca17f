# Reads names of the store and says which of them are not there.
cd store && for name in $(cat); do [ -e "$name" ] || echo "$name"; done
