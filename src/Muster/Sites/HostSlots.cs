namespace Muster.Sites;

/// <summary>What a plain host has for runs; what is null is found there.</summary>
/// <param name="Memory">In megabytes.</param>
public sealed record HostSlots(int? Cpus, int? Memory, int? Gpus)
{
    /// <summary>As the scripts read it: <c>8:16000:2</c>, and nothing for what is to be found.</summary>
    public override string ToString() => $"{Cpus}:{Memory}:{Gpus}";
}
