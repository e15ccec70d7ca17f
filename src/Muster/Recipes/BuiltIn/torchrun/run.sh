# One process of the program; torchrun has set RANK, WORLD_SIZE, MASTER_ADDR and the rest.
exec "$@"
