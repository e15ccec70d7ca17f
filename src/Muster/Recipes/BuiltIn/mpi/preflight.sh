# mpirun starts its daemons by their path, and they speak only with their own version.
command -v mpirun >/dev/null || { echo "error mpirun is not there; install Open MPI (Debian: apt-get install openmpi-bin), or load its module in the site's setup"; exit 0; }
echo "same mpirun=$(mpirun --version 2>/dev/null | head -n 1)"
