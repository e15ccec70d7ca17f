namespace Muster.Sites.Clouds.Keeping;

/// <summary>The simulated year is worth something only if it fails as soon as one of the rules does not hold.</summary>
[Trait("Takes", "long")]
public sealed class MutationTests
{
    private static readonly HostileCloud.Kind Kind = new(
        "minutes",
        new(TimeSpan.FromMinutes(1), TimeSpan.Zero),
        "EUR",
        OffIsGone: false
    );

    private static async Task FailsAsync(string with, Action<Year> without)
    {
        for (var seed = 0; seed < 4; seed++)
        {
            using var year = new Year(500 + seed, Kind) { DiesOften = 0.002 };
            without(year);
            try
            {
                await year.RunAsync(TimeSpan.FromDays(30), burstsPerDay: 3);
            }
            catch (PromiseException broken)
            {
                Assert.Matches(with, broken.Message);
                return;
            }
        }
        Assert.Fail("the rule is not missed");
    }

    [Fact]
    public Task With_all_rules_it_holds() =>
        Assert.ThrowsAsync<Xunit.Sdk.FailException>(() => FailsAsync("", _ => { }));

    [Fact]
    public Task Without_the_grace_time_two_machines_are_made_for_one_order() =>
        FailsAsync("two machines for order", year => year.Grace = TimeSpan.Zero);

    [Fact]
    public Task Where_what_a_lost_answer_has_made_is_not_looked_for_two_machines_are_made() =>
        FailsAsync("two machines for order", year => year.Around = new Broken(year.Cloud) { Finds = false });

    [Fact]
    public Task Where_an_attempt_is_not_stored_before_the_call_two_machines_are_made() =>
        FailsAsync("two machines for order", year => year.WritesBefore = false);

    [Fact]
    public Task Where_an_accepted_delete_counts_as_proof_machines_are_left() =>
        FailsAsync("are left|machines at", year => year.Around = new Broken(year.Cloud) { Proves = false });

    [Fact]
    public Task Without_the_ids_of_its_parts_a_machine_leaves_them() =>
        FailsAsync("volumes are left", year => year.Around = new Broken(year.Cloud) { KnowsParts = false });

    [Fact]
    public Task Without_the_sweep_what_turns_up_late_is_left() =>
        FailsAsync("machines are left", year => year.Around = new Broken(year.Cloud) { Lists = false });

    [Fact]
    public Task Without_the_budget_more_is_spent() =>
        FailsAsync("the budget is", year => (year.KnowsBudget, year.HourBudget) = (false, 1));

    [Fact]
    public Task Without_the_redactor_the_token_is_stored() =>
        FailsAsync("the token was", year => year.Redact = text => text);

    /// <summary>A provider's client that leaves one rule out.</summary>
    private sealed class Broken(HostileCloud cloud) : ICloud
    {
        public bool Finds { get; init; } = true;
        public bool Proves { get; init; } = true;
        public bool KnowsParts { get; init; } = true;
        public bool Lists { get; init; } = true;

        public Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct) => cloud.CreateAsync(order, ct);

        public Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct) =>
            cloud.FindAsync(Finds ? order : order with { Id = Guid.Empty }, ct);

        public Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct) =>
            cloud.GetAsync(place, id, ct);

        public async Task<CloudListing> ListAsync(
            string fleet,
            IReadOnlyCollection<string> alsoIn,
            CancellationToken ct
        ) => await cloud.ListAsync(fleet, alsoIn, ct) is var all && Lists ? all : new([], []);

        public async Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct) =>
            await cloud.DestroyAsync(KnowsParts ? machine : machine with { Parts = [] }, ct) || !Proves;

        public Task<string?> ConsoleAsync(string place, string id, CancellationToken ct) =>
            cloud.ConsoleAsync(place, id, ct);

        public Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct) => cloud.PricesAsync(ct);

        public Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct) => cloud.CheckAsync(ct);

        public void Dispose() => cloud.Dispose();
    }
}
