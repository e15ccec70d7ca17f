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
            {(plan.Roles.Count > 0 ? ShellText.Of($"") : ShellText.Of($"set -- {inner}"))}
            if [ -z "$runtime" ]; then
              for candidate in apptainer singularity podman docker; do
                case $candidate in podman|docker) [ -z "$is_file" ] || continue ;; esac
                if command -v $candidate >/dev/null 2>&1; then runtime=$candidate; break; fi
              done
            fi
            case $runtime in
              apptainer|singularity)
                set -- --bind "$MUSTER_RUN_DIR" --pwd "$PWD" "$image" "$@"
                [ "$gpus" = 0 ] || set -- --nv "$@"
                exec $runtime exec "$@" ;;
              podman|docker)
                set -- --network host --volume "$MUSTER_RUN_DIR:$MUSTER_RUN_DIR" --workdir "$PWD" "$reference" "$@"
                # By name alone: the values are taken from our environment and stand on no command line.
                for variable in $(env | sed -n 's/^\(MUSTER_[A-Z0-9_]*\|SLURM_[A-Z0-9_]*\|CUDA_VISIBLE_DEVICES\)=.*/\1/p') $framework {plan.EnvironmentNames}; do
                  set -- --env "$variable" "$@"
                done
                [ "$gpus" = 0 ] || if [ $runtime = podman ]; then set -- --device nvidia.com/gpu=all "$@"; else set -- --gpus all "$@"; fi
                # Rootless, podman's root is the user; docker has to be told.
                [ $runtime = podman ] || set -- --user "$(id -u):$(id -g)" "$@"
                # The engine starts it outside our process tree: its name is how it is ended with the run.
                name=muster-$MUSTER_RUN_ID-$MUSTER_ROLE-$MUSTER_RANK
                trap '$runtime kill "$name" >/dev/null 2>&1' TERM INT
                $runtime run --rm --name "$name" "$@" &
                wait $!; code=$?
                wait $!; again=$?
                [ $again = 127 ] || code=$again
                exit $code ;;
              *) echo "muster: no container runtime here (looked for apptainer, singularity, podman, docker)" >&2; exit 127 ;;
            esac

            """).ToString();
    }
}
