namespace Muster.NodeOdm;

/// <summary>A request that the API answers with <c>{"error": …}</c>.</summary>
/// <param name="noRetry">Sending it again will not help.</param>
public sealed class RefusalException(string error, bool noRetry = false) : Exception(error)
{
    public bool NoRetry { get; } = noRetry;
}
