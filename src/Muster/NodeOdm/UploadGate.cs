using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Muster.Hosts;

namespace Muster.NodeOdm;

/// <summary>
/// Watches over every request with a body: how many there are at once, in all, from one address and with one token, and
/// that
/// each brings its bytes. When there are too many, one that stands still makes room; where none does, the new one
/// waits, and is
/// at last told to come again.
/// </summary>
internal sealed partial class UploadGate : IDisposable
{
    private static readonly TimeSpan Still = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    /// <summary>Clients wait 30 s for an answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly InputLimits _limits;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly HashSet<Upload> _uploads = [];
    private readonly Dictionary<string, int> _of = [];
    private readonly ITimer _sweep;
    private int _waiting;

    public UploadGate(InputLimits limits, TimeProvider clock, ILogger log)
    {
        (_limits, _clock, _log) = (limits, clock, log);
        _sweep = clock.CreateTimer(_ => Sweep(), null, SweepEvery, SweepEvery);
    }

    public void Guard(IApplicationBuilder app) =>
        app.Use(
            async (http, next) =>
            {
                if (http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is not true)
                {
                    await next(http);
                    return;
                }
                var upload = new Upload(http, _clock);
                await EnterAsync(upload, http.RequestAborted);
                http.Request.Body = new BodyStream(http.Request.Body, upload);
                try
                {
                    await next(http);
                }
                finally
                {
                    lock (_lock)
                        Leave(upload);
                }
            }
        );

    private async Task EnterAsync(Upload upload, CancellationToken ct)
    {
        if (TryEnter(upload))
            return;
        try
        {
            if (Interlocked.Increment(ref _waiting) > _limits.Uploads)
                throw Busy();
            for (var began = _clock.GetTimestamp(); !TryEnter(upload); )
            {
                if (_clock.GetElapsedTime(began) > Patience)
                    throw Busy();
                await Task.Delay(Look, _clock, ct);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private static RefusalException Busy() => new("Too many uploads at once; try again in a moment.");

    private bool TryEnter(Upload upload)
    {
        Upload? dropped = null;
        var entered = false;
        lock (_lock)
        {
            if (Crowd(upload) is { } crowd)
            {
                dropped = crowd.Where(other => other.StillFor > Still).MaxBy(other => other.StillFor);
                if (dropped is null)
                    return false;
                Leave(dropped);
            }
            if (Crowd(upload) is null)
            {
                entered = _uploads.Add(upload);
                foreach (var key in upload.Keys)
                    _of[key] = _of.GetValueOrDefault(key) + 1;
            }
        }
        if (dropped is not null)
            Drop(dropped, "others waited for its place");
        return entered;
    }

    /// <summary>Those of whom one has to go before this one may come in; null where there is a place.</summary>
    private IEnumerable<Upload>? Crowd(Upload upload) =>
        upload.Keys.FirstOrDefault(key => _of.GetValueOrDefault(key) >= _limits.UploadsOfOne) is { } full
            ? _uploads.Where(other => other.Keys.Contains(full))
        : _uploads.Count >= _limits.Uploads ? _uploads
        : null;

    private void Leave(Upload upload)
    {
        if (!_uploads.Remove(upload))
            return;
        foreach (var key in upload.Keys)
            if (--_of[key] == 0)
                _of.Remove(key);
    }

    private void Sweep()
    {
        List<Upload> slow;
        lock (_lock)
            slow = [.. _uploads.Where(upload => upload.IsSlow(_limits))];
        var why = $"it brought fewer than {_limits.WindowBytes} bytes in {_limits.Window.TotalSeconds:0} s";
        foreach (var upload in slow)
            Drop(upload, why);
    }

    private void Drop(Upload upload, string why)
    {
        Dropped(_log, upload.From, why);
        upload.Drop();
    }

    public void Dispose() => _sweep.Dispose();

    [LoggerMessage(LogLevel.Warning, "An upload from {From} was dropped: {Why}")]
    private static partial void Dropped(ILogger log, string from, string why);

    private sealed class Upload(HttpContext http, TimeProvider clock)
    {
        private readonly Lock _lock = new();
        private long _bytes;
        private TimeSpan _waited;
        private long? _since;

        public string From { get; } = (http.Connection.RemoteIpAddress ?? IPAddress.None).ToString();
        public IReadOnlyList<string> Keys { get; } = KeysOf(http);

        /// <summary>How long it has been waited for, if it is.</summary>
        public TimeSpan StillFor
        {
            get
            {
                lock (_lock)
                    return _since is { } since ? clock.GetElapsedTime(since) : TimeSpan.Zero;
            }
        }

        public void Waits()
        {
            lock (_lock)
                _since = clock.GetTimestamp();
        }

        public void Came(int bytes)
        {
            lock (_lock)
            {
                if (_since is { } since)
                    _waited += clock.GetElapsedTime(since);
                (_since, _bytes) = (null, _bytes + bytes);
            }
        }

        /// <summary>Asked from time to time. Only what we wait for is its own time.</summary>
        public bool IsSlow(InputLimits limits)
        {
            lock (_lock)
            {
                var waited = _waited + (_since is { } since ? clock.GetElapsedTime(since) : TimeSpan.Zero);
                if (waited < limits.Window)
                    return false;
                if (_bytes < limits.WindowBytes)
                    return true;
                (_bytes, _waited) = (0, TimeSpan.Zero);
                if (_since is not null)
                    _since = clock.GetTimestamp();
                return false;
            }
        }

        public void Drop() => http.Abort();

        /// <summary>The token is only told from others here, so it need not be a valid one.</summary>
        private static string[] KeysOf(HttpContext http)
        {
            var address = $"address {http.Connection.RemoteIpAddress}";
            return http.Request.Query["token"] is [{ Length: > 0 } token, ..] ? [address, $"token {token}"] : [address];
        }
    }

    private sealed class BodyStream(Stream body, Upload upload) : ReadOnlyStream
    {
        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            var read = 0;
            upload.Waits();
            try
            {
                return read = await body.ReadAsync(buffer, cancellationToken);
            }
            finally
            {
                upload.Came(read);
            }
        }
    }
}
