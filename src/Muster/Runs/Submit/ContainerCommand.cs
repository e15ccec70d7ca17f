using Muster.Shell;

namespace Muster.Runs.Submit;

/// <summary>The shell text that runs a command in a container, by the runtime that has its image at hand.</summary>
internal static class ContainerCommand
{
    /// <param name="name">The image as it was asked for. What stands for it on this host is known when it is staged,
    /// not for a dry run.</param>
    public static string For(RunPlan plan, string name, string? host)
    {
        var inner = plan.RawLine ? ShellText.Of($"sh -c {SweepText.Line(plan)}") : SweepText.Words(plan, plan.Command);
        var staged = plan.Images.FirstOrDefault(image => image.Host == host) ?? new(host, plan.Runtime ?? "", name);
        var there = plan.Inputs.Where(input => input.OnSite).Select(input => input.Name).ToList();
        return ShellText
            .Of(
                $$"""
                image={{staged.Image}} archive={{staged.Archive ?? ""}} runtime={{staged.Runtime}} gpus={{plan.Gpus
                    ?? 0}} root="${MUSTER_RUN_DIR%/runs/*}"
                case $image in images/*) image=$root/$image ;; esac
                {{(plan.Roles.Count > 0 ? ShellText.Of($"") : ShellText.Of($"set -- {inner}"))}}
                # Of a file behind a login node: the compute node's own.
                if [ -z "$runtime" ]; then
                  for runtime in apptainer singularity ''; do if command -v "$runtime" >/dev/null 2>&1; then break; fi; done
                fi
                case $runtime in
                  apptainer|singularity)
                    set -- --bind "$MUSTER_RUN_DIR" --pwd "$PWD" "$image" "$@"
                    [ "$gpus" = 0 ] || set -- --nv "$@"
                    {{Linked(there, ShellText.Of($"--bind \"$there\""))}}
                    exec $runtime exec "$@" ;;
                  podman|docker)
                    if [ -n "$archive" ] && ! $runtime image inspect "$image" >/dev/null 2>&1; then $runtime load -q -i "$root/$archive" >/dev/null || exit 125; fi
                    set -- --pull never --network host --volume "$MUSTER_RUN_DIR:$MUSTER_RUN_DIR" --workdir "$PWD" "$image" "$@"
                    {{Linked(there, ShellText.Of($"--volume \"$there:$there\""))}}
                    # By name alone: the values are taken from our environment and stand on no command line.
                    for variable in $(env | sed -n 's/^\(MUSTER_[A-Z0-9_]*\|SLURM_[A-Z0-9_]*\|CUDA_VISIBLE_DEVICES\)=.*/\1/p') $framework {{plan.EnvironmentNames}}; do
                      set -- --env "$variable" "$@"
                    done
                    [ "$gpus" = 0 ] || if [ $runtime = podman ]; then set -- --device nvidia.com/gpu=all "$@"; else set -- --gpus all "$@"; fi
                    # Rootless, podman's root is the user; docker has to be told.
                    [ $runtime = podman ] || set -- --user "$(id -u):$(id -g)" "$@"
                    # The engine starts it outside our process tree: its name is how it is ended with the run.
                    name=muster-$MUSTER_RUN_ID-$MUSTER_ROLE-$MUSTER_RANK
                    trap '$runtime kill "$name" >/dev/null 2>&1' TERM INT
                    exec 4<&0   # what runs beside a shell reads nothing unless it is told to
                    $runtime run {{(
                        plan.Tty is not null ? ShellText.Of($"-i -t ")
                        : plan.Stdin is null ? ShellText.Of($"")
                        : ShellText.Of($"-i ")
                    )}}--rm --name "$name" "$@" <&4 &
                    wait $!; code=$?
                    wait $!; again=$?
                    [ $again = 127 ] || code=$again
                    exit $code ;;
                  *) echo "muster: no container runtime here (looked for apptainer, singularity)" >&2; exit 127 ;;
                esac

                """
            )
            .ToString();
    }

    /// <summary>What the links to inputs on the site lead to is seen inside, too.</summary>
    private static ShellText Linked(List<string> names, ShellText option) =>
        names.Count == 0
            ? ShellText.Of($":")
            : ShellText.Of(
                $"for to in {names}; do there=$(readlink \"$MUSTER_RUN_DIR/in/$to\"); set -- {option} \"$@\"; done"
            );
}
