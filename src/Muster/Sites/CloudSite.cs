using Muster.Faults;
using Muster.Sites.Clouds;

namespace Muster.Sites;

/// <summary>Machines that are made on demand and given back.</summary>
public sealed record CloudSite : Site
{
    public required CloudSettings Cloud { get; init; }

    /// <summary>What is said to whoever wants to start a run there.</summary>
    public UserException TakesNoRuns() =>
        new(
            $"runs cannot be sent to site {Name} yet: its machines are made on demand",
            "Choose a site of kind local, ssh or slurm with -s."
        );
}
