using Muster.Configuration;

namespace Muster.Sites;

/// <summary>
/// A named place that runs work, as the configuration describes it. It has one of the kinds below <c>Sites/</c>.
/// </summary>
public abstract record Site
{
    private protected Site() { }

    public required string Name { get; init; }
    public required Origin Origin { get; init; }

    /// <summary>
    /// A scheduler takes its jobs: it lets them wait, may start them again, and knows of ends that leave no record.
    /// </summary>
    public virtual bool HasScheduler => false;

    /// <summary>Where runs live over there; a <c>~</c> in it is that side's home.</summary>
    public string Root { get; init; } = "~/.muster";

    /// <summary>Shell lines before every job.</summary>
    public IReadOnlyList<string> Setup { get; init; } = [];

    /// <summary>What a setup line that fails does to the run.</summary>
    public SetupErrors SetupErrors { get; init; } = SetupErrors.End;
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>The image that jobs run in.</summary>
    public string? Container { get; init; }

    /// <summary>What runs the image; null takes what the site has.</summary>
    public ContainerRuntime? Runtime { get; init; }
    public CodeMode Code { get; init; } = CodeMode.Auto;

    /// <summary>What each host without a scheduler has for runs.</summary>
    public HostSlots Slots { get; init; } = new(null, null, null);

    /// <summary>
    /// The folder in which users who share the hosts stand in one line; null for a line of one's own.
    /// </summary>
    public string? Queue { get; init; }
}

/// <summary>A failing setup line ends the run before its command starts, or is only told.</summary>
public enum SetupErrors
{
    End,
    Ignore,
}

/// <summary>A program that runs container images.</summary>
public enum ContainerRuntime
{
    Apptainer,
    Singularity,
    Podman,
    Docker,
}

/// <summary>How a run's code comes out of the site's store: hard-linked, copied, or as the site allows.</summary>
public enum CodeMode
{
    Auto,
    Copy,
    Link,
}
