using System.Security.Cryptography;
using Muster.Faults;
using Muster.Gateway.Model;
using Muster.Sites;
using Muster.Sites.Scaling;

namespace Muster.Gateway.Scaling;

/// <summary>How a machine begins.</summary>
internal sealed partial class MachineTender
{
    /// <summary>Asks for a machine; it is written down before anything is asked for.</summary>
    /// <param name="host">On which host of the site; null where the site chooses.</param>
    public async Task StartAsync(ScaleStart start, string? host, CancellationToken ct)
    {
        var now = _clock.GetUtcNow();
        var machine = new Machine
        {
            Id = Guid.CreateVersion7(now),
            Site = start.Pool.Site,
            Size = start.Size,
            Slots = start.Pool.Node.Slots,
            Asked = now,
            Since = now,
            Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Host = host,
            Why = $"asking {start.Pool.Site}",
        };
        _machines.Add(machine);
        await NoteAsync(machine, $"asked for: {start.Why}");
        _starting[machine.Id] = Task.Run(
            () =>
                _clouds.TryGetValue(machine.Site, out var cloud)
                    ? OrderAsync(machine, cloud, ct)
                    : SubmitAsync(machine, start.Pool, _sites.Sites[machine.Site], ct),
            CancellationToken.None
        );
    }

    private async Task OrderAsync(Machine machine, CloudMachines cloud, CancellationToken ct)
    {
        try
        {
            if (await cloud.OrderAsync(machine, ct) is { } refusal)
            {
                _resting.Pause(machine, refusal);
                await GoneAsync(machine, refusal, ct);
            }
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            Stumbled(fault);
        }
        finally
        {
            _starting.TryRemove(machine.Id, out _);
            _wake.Make();
        }
    }

    private async Task SubmitAsync(Machine machine, ScalePool pool, Site site, CancellationToken ct)
    {
        try
        {
            await _runs.StartAsync(
                machine,
                pool,
                site,
                run => _machines.Change(machine.Id, known => known with { Run = run }),
                ct
            );
        }
        catch (UserException fault)
        {
            _resting.Pause(machine, fault.Message);
            await GoneAsync(machine, $"{fault.Message} {fault.Fix}", ct);
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            Stumbled(fault); // what became of it, the next looks tell
        }
        finally
        {
            _starting.TryRemove(machine.Id, out _);
            _wake.Make();
        }
    }
}
