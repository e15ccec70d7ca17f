# How many ranks mpirun starts for each of ours.
MPI_SLOTS=${MUSTER_PARAM_PROCESSES:-$MPI_SLOTS}
