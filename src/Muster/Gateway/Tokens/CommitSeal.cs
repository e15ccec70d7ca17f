using System.Security.Cryptography;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Tokens;

/// <summary>
/// What a node shows when it calls <c>/commit</c>: it was given for one task, and nobody can make it without this
/// gateway's key.
/// </summary>
internal sealed class CommitSeal
{
    private const string Setting = "commit key";
    private readonly byte[] _key;

    public CommitSeal(TaskStore store)
    {
        store.Set(Setting, AccessToken.NewText(), onlyWhereMissing: true);
        _key = Convert.FromHexString(store.Setting(Setting)!);
    }

    public string Of(Guid task) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, task.ToByteArray()));

    public bool Fits(Guid task, string? seal) =>
        CryptographicOperations.FixedTimeEquals(
            System.Text.Encoding.ASCII.GetBytes(seal ?? ""),
            System.Text.Encoding.ASCII.GetBytes(Of(task))
        );
}
