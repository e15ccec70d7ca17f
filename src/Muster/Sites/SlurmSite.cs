using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites;

/// <summary>A cluster that SLURM schedules, behind its login node.</summary>
public sealed record SlurmSite : Site
{
    public override bool HasScheduler => true;

    /// <summary>
    /// The login node, by any name that <c>ssh</c> understands; null when SLURM's commands are on this machine.
    /// </summary>
    public string? Host { get; init; }

    /// <summary>A file for <c>ssh -F</c>; null leaves it to SSH.</summary>
    public string? SshConfig { get; init; }

    /// <summary>A private key; null leaves it to SSH.</summary>
    public string? Identity { get; init; }
    public SbatchOptions Sbatch { get; init; } = SbatchOptions.None;
}
