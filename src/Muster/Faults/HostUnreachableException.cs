namespace Muster.Faults;

/// <summary>Why a host could not be spoken to.</summary>
public enum ContactFault
{
    /// <summary>The name is not known here.</summary>
    Unresolved,

    /// <summary>Nobody answered, or the connection broke: it may work again by itself.</summary>
    Silent,

    /// <summary>The host answered and did not accept who we are.</summary>
    Refused,

    /// <summary>The host shows another key than the one remembered, or one not known yet.</summary>
    HostKey,
}

/// <summary>A host could not be reached. It says nothing about the runs on it.</summary>
public sealed class HostUnreachableException(
    string host,
    ContactFault fault,
    string what,
    string fix,
    Exception? inner = null
) : UserException(what, fix, inner)
{
    public string Host { get; } = host;
    public ContactFault Fault { get; } = fault;

    /// <summary>Waiting may fix it; a person is not needed.</summary>
    public bool MayPass => Fault is ContactFault.Silent;
}
