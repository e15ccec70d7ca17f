using Muster.Shell;

namespace Muster.Runs.Submit;

/// <summary>The shell text that runs a command in a container, by whichever runtime the site has.</summary>
internal static class ContainerCommand
{
    public static string For(RunPlan plan, string image)
    {
        var inner = plan.RawLine ? ["sh", "-c", string.Join(' ', plan.Command)] : plan.Command;
        var registry = image.StartsWith("docker://", StringComparison.Ordinal) ? image["docker://".Length..] : image;
        var isFile = image.EndsWith(".sif", StringComparison.Ordinal) || image.EndsWith(".sqsh", StringComparison.Ordinal) || image.StartsWith('/') || image.StartsWith('.');
        var forApptainer = isFile || image.Contains("://", StringComparison.Ordinal) ? image : "docker://" + image;
        return ShellText.Of($"""
            image={forApptainer} reference={registry} is_file={(isFile ? "1" : "")} runtime={plan.Runtime ?? ""} gpus={plan.Gpus ?? 0}
            set -- {inner}
            if [ -z "$runtime" ]; then
              for candidate in apptainer singularity podman docker; do
                case $candidate in podman|docker) [ -z "$is_file" ] || continue ;; esac
                if command -v $candidate >/dev/null 2>&1; then runtime=$candidate; break; fi
              done
            fi
            case $runtime in
              apptainer|singularity)
                [ "$gpus" = 0 ] || set -- --nv "$image" "$@"
                [ "$gpus" != 0 ] || set -- "$image" "$@"
                exec $runtime exec --bind "$MUSTER_RUN_DIR" --pwd "$PWD" "$@" ;;
              podman|docker)
                # The engine starts it outside our process tree: its name is how it is ended with the run.
                name=muster-$MUSTER_RUN_ID-$MUSTER_ROLE-$MUSTER_RANK
                user=
                [ $runtime = podman ] || user="--user $(id -u):$(id -g)"
                device=
                [ "$gpus" = 0 ] || device="--gpus all"
                trap '$runtime kill "$name" >/dev/null 2>&1' TERM INT
                $runtime run --rm --name "$name" $user $device --network host --volume "$MUSTER_RUN_DIR:$MUSTER_RUN_DIR" --workdir "$PWD" \
                  --env-file "$(env | grep ^MUSTER_ >"$MUSTER_STATUS/.container.$MUSTER_ROLE.$MUSTER_RANK"; echo "$MUSTER_STATUS/.container.$MUSTER_ROLE.$MUSTER_RANK")" \
                  "$reference" "$@" &
                wait $!; code=$?
                wait $!; again=$?
                [ $again = 127 ] || code=$again
                exit $code ;;
              *) echo "muster: no container runtime here (looked for apptainer, singularity, podman, docker)" >&2; exit 127 ;;
            esac

            """).ToString();
    }
}
