# Servers on this machine's loopback that the gateway's tests need: PostgreSQL, and an S3 server that verifies signatures (OpenStack Swift).

postgres_packages=(postgresql-15)
s3_packages=(swift-proxy swift-account swift-container swift-object)
postgres_port=25432
s3_port=26080
# Its account need not be able to enter the folder of the checkout.
postgres_dir=/run/muster-lab/postgres

service() {
  case "$1-$2" in
    postgres-start) start_postgres ;;
    postgres-stop) stop_postgres ;;
    postgres-kill) kill_postgres ;;
    s3-start) start_s3 ;;
    s3-stop) stop_s3 ;;
    *) usage "lab $1 takes start or stop; postgres takes kill too" ;;
  esac
}

stop_services() {
  [[ ! -e $postgres_dir/data/postmaster.pid ]] || stop_postgres
  [[ ! -e $run/services/s3/pids ]] || stop_s3
}

as_postgres() { setpriv --reuid muster-lab --regid muster-lab --init-groups "$@"; }
postgres_answers() { /usr/lib/postgresql/15/bin/pg_isready -q -h 127.0.0.1 -p "$postgres_port"; }

start_postgres() {
  local dir=$postgres_dir
  # Debian's package would make a cluster of its own and start it.
  if ! missing_packages postgresql-15 >/dev/null; then
    install_packages postgresql-common
    sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    install_packages "${postgres_packages[@]}"
  fi
  if postgres_answers; then echo "postgres is up: $(postgres_url)"; return; fi
  mkdir -p "$dir"; chown muster-lab: "$dir"
  if [[ ! -e $dir/data/PG_VERSION ]]; then
    as_postgres /usr/lib/postgresql/15/bin/initdb -D "$dir/data" -U postgres -A trust --no-locale -E UTF8 >"$dir/initdb.log" 2>&1 ||
      fail "PostgreSQL made no data folder" "read $dir/initdb.log"
  fi
  # Commits are durable as they are in life: the tests kill it. The shell around it takes note of its end at once.
  as_postgres setsid sh -c '"$@"; :' postgres /usr/lib/postgresql/15/bin/postgres -D "$dir/data" -p "$postgres_port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c shared_buffers=32MB </dev/null >>"$dir/log" 2>&1 9>&- &
  for _ in $(seq 100); do if postgres_answers; then echo "postgres is up: $(postgres_url)"; return; fi; sleep 0.1; done
  fail "PostgreSQL did not start within 10 s" "read $dir/log"
}

postgres_url() { echo "Host=127.0.0.1;Port=$postgres_port;Username=postgres;Database=postgres"; }
stop_postgres() { end_postgres INT; echo "postgres is down"; }
kill_postgres() { end_postgres KILL; echo "postgres is dead"; }

end_postgres() {
  local pid
  pid=$(head -n 1 "$postgres_dir/data/postmaster.pid" 2>/dev/null) || return 0
  grep -qz postgres "/proc/$pid/cmdline" 2>/dev/null || return 0
  kill "-$1" "$pid"
  for _ in $(seq 100); do [[ -e /proc/$pid ]] || return 0; sleep 0.1; done
  fail "PostgreSQL does not end" "read $postgres_dir/log"
}

start_s3() {
  local dir=$run/services/s3 pair name port
  install_packages "${s3_packages[@]}"
  if [[ -e $dir/pids ]] && s3_answers; then echo "s3 is up: $(s3_url)"; return; fi
  mkdir -p "$dir/conf" "$dir/node/d1"
  : >"$dir/pids"
  for pair in object:26200 container:26201 account:26202; do
    name=${pair%:*} port=${pair#*:}
    if [[ ! -e $dir/conf/$name.ring.gz ]]; then
      (cd "$dir/conf"
       swift-ring-builder "$name.builder" create 4 1 1
       swift-ring-builder "$name.builder" add "r1z1-127.0.0.1:$port/d1" 1
       swift-ring-builder "$name.builder" rebalance || :) >>"$dir/rings.log" 2>&1   # it warns of one replica with exit code 1
      [[ -e $dir/conf/$name.ring.gz ]] || fail "Swift's rings could not be built" "read $dir/rings.log"
    fi
    cat >"$dir/conf/$name-server.conf" <<C
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = root
swift_dir = $dir/conf
devices = $dir/node
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = $name-server
[app:$name-server]
use = egg:swift#$name
C
  done
  cat >"$dir/conf/proxy-server.conf" <<C
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $s3_port
workers = 0
user = root
swift_dir = $dir/conf
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
min_segment_size = 1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:cache]
use = egg:swift#memcache
C
  for name in catch_errors gatekeeper healthcheck listing_formats bulk copy slo dlo symlink; do printf '[filter:%s]\nuse = egg:swift#%s\n' $name $name; done >>"$dir/conf/proxy-server.conf"
  for name in account container object proxy; do
    setsid "swift-$name-server" "$dir/conf/$name-server.conf" </dev/null >>"$dir/$name.log" 2>&1 9>&- &
    echo $! >>"$dir/pids"
  done
  for _ in $(seq 200); do if s3_answers; then echo "s3 is up: $(s3_url)"; return; fi; sleep 0.1; done
  fail "Swift did not start within 20 s" "read $dir/*.log"
}

s3_url() { echo "http://127.0.0.1:$s3_port, path style, region us-east-1, key test:tester, secret testing"; }
s3_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$s3_port" && printf 'GET /healthcheck HTTP/1.0\r\n\r\n' >&3 && head -n 1 <&3 | grep -q ' 200 ') 2>/dev/null; }

stop_s3() {
  local pid
  for pid in $(<"$run/services/s3/pids"); do
    # A number may have gone to another process since.
    ! grep -qz swift- "/proc/$pid/cmdline" 2>/dev/null || kill -- "-$pid" 2>/dev/null || :
  done
  rm -f "$run/services/s3/pids"
  echo "s3 is down"
}
