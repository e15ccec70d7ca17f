namespace Muster.Sites.Clouds.Keeping;

/// <summary>How a machine is made, place after place, and what became of attempts in doubt.</summary>
public sealed partial class MachineKeeper
{
    /// <summary>The next attempt to make a machine.</summary>
    private async Task TryAsync(MachineRecord record, CancellationToken ct)
    {
        var now = Now;
        switch (MachinePlan.Attempt(record, _standing, now))
        {
            case NextAttempt.Wait(var until, var why):
                await ChangeAsync(record.Id, known => IsSame(known, record) ? known.Later(until, now, why) : known, ct);
                return;
            case NextAttempt.Never(var fault, var why):
                await ChangeAsync(
                    record.Id,
                    known => IsSame(known, record) ? known.To(new MachineState.Gone(now, why, fault), now, why) : known,
                    ct
                );
                return;
            case NextAttempt.In(var place):
                await TryInAsync(record, place, ct);
                return;
        }
    }

    private async Task TryInAsync(MachineRecord record, string place, CancellationToken ct)
    {
        var request = record.Request;
        var price = await PriceAsync(request.Type, place, notBefore: Now - FreshPrices, ct);
        // Where something was ever made is looked at for good, so it is written down first.
        if (!_standing.Places.Contains(place))
            _standing = await store.ChangeStandingAsync(
                options.Site,
                standing =>
                    standing.Places.Contains(place) ? standing : standing with { Places = [.. standing.Places, place] },
                ct
            );
        var boot = options.FirstBoot(record);
        var now = Now;
        var order = new MachineOrder
        {
            Id = record.Id,
            Attempt = record.Attempts + 1,
            Fleet = record.Fleet,
            Until = now + request.Life,
            Place = place,
            Type = request.Type,
            Image = request.Image,
            DiskGb = request.DiskGb,
            Spot = request.Spot,
            SpotPrice = request.SpotPrice,
            UserData = boot.UserData,
            PublicKey = request.PublicKey,
            Labels = request.Labels,
            NamePrefix = request.NamePrefix,
        };
        var placed = await PlaceAsync(
            all =>
            {
                if (all.FirstOrDefault(other => other.Id == record.Id) is not { } known || !IsSame(known, record))
                    return null; // somebody else was faster
                var asking = known with
                {
                    Attempts = order.Attempt,
                    Until = order.Until,
                    Price = price,
                    UserData = boot.UserData,
                    HostKey = boot.HostKey,
                };
                return Allowance.Refusal(all, asking, options, now) is { } refusal
                    ? known.Later(now + TimeSpan.FromMinutes(5), now, refusal)
                    : asking.To(
                        new MachineState.Asking(order, now),
                        now,
                        $"asked for {request.Type}{MachinePlan.In(place)}{At(price)}"
                    );
            },
            ct
        );
        if (placed is not { State: MachineState.Asking })
            return;
        switch (await cloud.CreateAsync(order, ct))
        {
            case CreateAnswer.Made(var machine):
                await MadeAsync(order, now, machine, ct);
                break;
            case CreateAnswer.Doubtful(var why):
                await DoubtedAsync(order, now, options.Redact(why), ct);
                break;
            case CreateAnswer.Refused(var fault):
                await RefusedAsync(order, fault, ct);
                break;
        }
    }

    private async Task MadeAsync(MachineOrder order, DateTimeOffset sent, CloudMachine machine, CancellationToken ct)
    {
        var now = Now;
        var record = await ChangeAsync(
            order.Id,
            known =>
            {
                if (known.Order?.Attempt != order.Attempt)
                    return known;
                var made = (
                    known with
                    {
                        MeterFrom = machine.Created ?? sent,
                        Price = machine.Price ?? known.Price,
                    }
                ).Seen(machine, now);
                return known.Released is { } why
                    ? made.End(now, why)
                    : made.To(new MachineState.Made(now), now, $"made {machine.Id}{MachinePlan.In(machine.Place)}")
                        .Later(now + TimeSpan.FromSeconds(2), now);
            },
            ct
        );
        if (record.Machine?.Id != machine.Id)
            await DestroyStrayAsync(machine, $"made for {record.Name}, which had moved on", ct);
        if (_standing.Without(machine.Place, order.Type) != _standing)
            _standing = await store.ChangeStandingAsync(
                options.Site,
                standing => standing.Without(machine.Place, order.Type),
                ct
            );
    }

    private Task<MachineRecord> DoubtedAsync(MachineOrder order, DateTimeOffset sent, string why, CancellationToken ct)
    {
        var now = Now;
        return ChangeAsync(
            order.Id,
            known =>
                known.State is MachineState.Asking asking && asking.Order.Attempt == order.Attempt
                    ? known.To(
                        new MachineState.Doubtful(asking.Order, sent, 0, 0),
                        now,
                        $"whether it was made{MachinePlan.In(order.Place)} is not known: {why}"
                    )
                    : known,
            ct
        );
    }

    private async Task RefusedAsync(MachineOrder order, CloudException fault, CancellationToken ct)
    {
        var now = Now;
        var words = $"{order.Type}{MachinePlan.In(order.Place)}: {Words(fault)}";
        var isFinal = fault.Fault is CloudFault.BadOrder or CloudFault.Gone;
        await PauseAsync(fault, order.Place, order.Type, words, ct);
        await ChangeAsync(
            order.Id,
            known =>
                known.Order?.Attempt != order.Attempt ? known
                : known.Released is { } why ? known.To(new MachineState.Gone(now, why, null), now, why)
                : isFinal ? known.To(new MachineState.Gone(now, words, fault.Fault), now, words)
                : known.To(new MachineState.Planned(), now, words) is var again && fault.Fault is CloudFault.Busy
                    ? Held(again with { Held = known.Held }, now, TimeSpan.FromSeconds(30))
                : again,
            ct
        );
    }

    /// <summary>What became of an attempt that nobody heard the end of.</summary>
    private async Task ResolveAsync(MachineRecord record, CancellationToken ct)
    {
        var order = record.Order!;
        var (sent, looks, absences) = record.State switch
        {
            MachineState.Doubtful doubt => (doubt.Sent, doubt.Looks, doubt.Absences),
            MachineState.Asking asking => (asking.Sent, 0, 0),
            _ => throw new InvalidOperationException(record.State.Word),
        };
        var asked = Now;
        switch (await cloud.FindAsync(order, ct))
        {
            case FindAnswer.Made(var machine):
                await MadeAsync(order, sent, machine, ct);
                return;
            case FindAnswer.Unknown(var fault):
                throw fault;
        }
        var now = Now;
        absences = asked - sent >= options.Grace ? absences + 1 : 0;
        await ChangeAsync(
            record.Id,
            known =>
            {
                if (known.Order?.Attempt != order.Attempt)
                    return known;
                if (absences >= 2)
                {
                    var never =
                        $"it was not made{MachinePlan.In(order.Place)}: nothing of it was found since {sent:HH:mm:ss}";
                    return known.Released is { } why
                        ? known.To(new MachineState.Gone(now, why, null), now, $"{why}; {never}")
                        : known.To(new MachineState.Planned(), now, never);
                }
                var doubt = new MachineState.Doubtful(order with { UserData = "" }, sent, looks + 1, absences);
                var next = now + MachinePlan.UntilLook(looks);
                return known.State is MachineState.Doubtful
                    ? (known with { State = doubt, Held = null }).Later(next, now)
                    : known
                        .To(
                            doubt,
                            now,
                            $"whether it was made{MachinePlan.In(order.Place)} is not known: nobody heard the answer"
                        )
                        .Later(next, now);
            },
            ct
        );
    }
}
