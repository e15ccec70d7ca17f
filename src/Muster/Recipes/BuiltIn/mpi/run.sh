# One MPI rank of the program.
exec "$@"
