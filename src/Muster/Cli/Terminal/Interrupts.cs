using System.Runtime.InteropServices;

namespace Muster.Cli.Terminal;

/// <summary>Ctrl-C and its kin, as tasks that can be waited for.</summary>
public sealed class Interrupts : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private TaskCompletionSource<PosixSignal> _next = New();

    public Interrupts()
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(
                PosixSignalRegistration.Create(
                    signal,
                    context =>
                    {
                        context.Cancel = true;
                        _next.TrySetResult(context.Signal);
                    }
                )
            );
        }
    }

    /// <summary>Completes with the next signal.</summary>
    public Task<PosixSignal> Next => _next.Task;

    /// <summary>From here on, a new signal is a new one.</summary>
    public void Forget() => _next = New();

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private static TaskCompletionSource<PosixSignal> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
