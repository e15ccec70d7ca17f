using System.Buffers.Text;
using System.Collections.Concurrent;

namespace Muster.Gateway.Ledger;

/// <summary>The ids of each token's tasks in the order of their creation, as clients are told them.</summary>
public sealed class TaskLists
{
    private readonly ConcurrentDictionary<Guid, string> _owners = [];
    private readonly ConcurrentDictionary<string, OfOwner> _lists = [];

    public int Count => _owners.Count;

    public string? OwnerOf(Guid id) => _owners.GetValueOrDefault(id);

    public void Add(Guid id, string owner)
    {
        if (_owners.TryAdd(id, owner))
            _lists.GetOrAdd(owner, _ => new()).Add(id);
    }

    public void Remove(Guid id)
    {
        if (_owners.TryRemove(id, out var owner))
            _lists[owner].Remove(id);
    }

    /// <summary><c>[{"uuid":…},…]</c></summary>
    public ReadOnlyMemory<byte> Json(string owner) =>
        _lists.TryGetValue(owner, out var list) ? list.Json() : "[]"u8.ToArray();

    public static byte[] JsonOf(IReadOnlyCollection<Guid> ids)
    {
        const int each = 11 + 36; // {"uuid":"…"} and a comma, without the last comma but with the brackets
        var text = new byte[2 + (ids.Count * (each + 1))];
        var at = 0;
        text[at++] = (byte)'[';
        foreach (var id in ids)
        {
            if (at > 1)
                text[at++] = (byte)',';
            "{\"uuid\":\""u8.CopyTo(text.AsSpan(at));
            Utf8Formatter.TryFormat(id, text.AsSpan(at += 9), out var written);
            at += written;
            "\"}"u8.CopyTo(text.AsSpan(at));
            at += 2;
        }
        text[at++] = (byte)']';
        return text[..at];
    }

    private sealed class OfOwner
    {
        private readonly Lock _lock = new();
        private readonly List<Guid> _ids = [];
        private byte[]? _json;

        public void Add(Guid id)
        {
            lock (_lock)
            {
                _ids.Add(id);
                _json = null;
            }
        }

        public void Remove(Guid id)
        {
            lock (_lock)
            {
                _ids.Remove(id);
                _json = null;
            }
        }

        public byte[] Json()
        {
            lock (_lock)
                return _json ??= JsonOf(_ids);
        }
    }
}
