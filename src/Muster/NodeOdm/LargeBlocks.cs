using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Muster.NodeOdm;

/// <summary>
/// Memory for connections in blocks of 32 KB: photos come in with an eighth of the reads that Kestrel's own blocks of 4
/// KB take.
/// </summary>
internal sealed class LargeBlocks : IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 32 << 10;
    private const int MostKept = 256;

    public MemoryPool<byte> Create(MemoryPoolOptions? options) => new Pool();

    private sealed class Pool : MemoryPool<byte>
    {
        private readonly ConcurrentQueue<byte[]> _free = [];

        public override int MaxBufferSize => BlockBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
            // The kernel writes into them, so the collector must not move them.
            return new Block(
                this,
                _free.TryDequeue(out var bytes) ? bytes : GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true)
            );
        }

        private void Return(byte[] bytes)
        {
            if (_free.Count < MostKept)
                _free.Enqueue(bytes);
        }

        protected override void Dispose(bool disposing) => _free.Clear();

        private sealed class Block(Pool pool, byte[] bytes) : IMemoryOwner<byte>
        {
            private byte[]? _bytes = bytes;

            public Memory<byte> Memory => _bytes ?? throw new ObjectDisposedException(nameof(Block));

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _bytes, null) is { } back)
                    pool.Return(back);
            }
        }
    }
}
