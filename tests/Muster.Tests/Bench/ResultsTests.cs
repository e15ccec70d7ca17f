using Muster.Bench.Figures;

namespace Muster.Bench;

/// <summary>What is kept of a benchmark, what is said to be worse, and the tables made from it.</summary>
public sealed class ResultsTests
{
    private static readonly DateOnly Day = new(2026, 12, 1);

    [Fact]
    public void A_row_is_worse_only_beyond_its_noise()
    {
        var then = Took(1.0, 1.05, 1.1);

        Assert.Null(Took(1.1, 1.12, 1.15).WorseThan(then));
        Assert.Null(Took(0.5, 0.5, 0.5).WorseThan(then));
        Assert.Equal(
            "start: `muster ps`: 1.30 s, was 1.05 s: 24 % worse, noise is 10 %",
            Took(1.29, 1.3, 1.31).WorseThan(then)
        );
    }

    [Fact]
    public void A_wide_spread_then_or_now_is_noise()
    {
        Assert.Null(Took(1.3, 1.3, 1.3).WorseThan(Took(0.8, 1, 1.3)));
        Assert.Null(Took(0.9, 1.3, 1.4).WorseThan(Took(1, 1, 1)));
        Assert.NotNull(Took(1.8, 2, 2.2).WorseThan(Took(0.8, 1, 1.3)));
    }

    [Fact]
    public void One_round_knows_no_spread()
    {
        Assert.Null(Took(1.2).WorseThan(Took(1)));
        Assert.NotNull(Took(1.3).WorseThan(Took(1)));
    }

    [Fact]
    public void Where_there_is_a_peer_a_slower_machine_is_not_worse()
    {
        var then = Beside(peer: 1, 2, 2, 2);

        Assert.Null(Beside(peer: 5, 10, 10, 10).WorseThan(then));
        Assert.Equal(
            "start: `muster ps`: 3 times `git`, was 2: 50 % worse, noise is 10 %",
            Beside(peer: 5, 15, 15, 15).WorseThan(then)
        );
    }

    [Fact]
    public void Of_a_rate_less_is_worse()
    {
        Measured Rate(double value) => Took(value, value, value) with { Unit = Unit.PerSecond };

        Assert.Null(Rate(200).WorseThan(Rate(100)));
        Assert.NotNull(Rate(50).WorseThan(Rate(100)));
    }

    [Fact]
    public void A_budget_is_a_figure_or_a_ratio()
    {
        Assert.True(Took(0.9).Holds is null);
        Assert.True((Took(0.9) with { Budget = new(1) }).Holds);
        Assert.False((Took(1.1) with { Budget = new(1) }).Holds);
        Assert.False((Beside(peer: 1, 1.4) with { Budget = Budget.Ratio(1.3) }).Holds);
        Assert.True((Took(900) with { Unit = Unit.PerSecond, Budget = new(800) }).Holds);
    }

    [Fact]
    public void What_was_not_measured_again_stays()
    {
        var submit = Took(1) with { Benchmark = "submit" };

        var all = Results.Merged([Took(2), submit], [Took(3)]);

        Assert.Equal([("submit", 1.0), ("start", 3.0)], all.Select(row => (row.Benchmark, row.Own[0])));
    }

    [Fact]
    public void Figures_come_back_from_their_file()
    {
        var path = Path.GetTempFileName();
        var rows = new[]
        {
            Beside(peer: 1, 2, 3) with
            {
                Budget = Budget.Ratio(2),
                LimitName = "`cp`",
                Limit = [1, 1],
            },
        };

        Results.Write(path, rows);
        var read = Assert.Single(Results.Read(path));

        Assert.Equal(rows[0].Line(), read.Line());
        Assert.Equal(rows[0].Ratios, read.Ratios);
        File.Delete(path);
    }

    [Fact]
    public void Tables_are_made_anew_and_words_stay()
    {
        const string text = "# Results\n\n<!-- measured: start submit -->\nold\n<!-- end -->\n\nWhy.";
        const string made =
            "# Results\n\n<!-- measured: start submit -->\n"
            + "| What | Muster | Peer | Ratio | Limit | Budget | Held |\n|---|---|---|---|---|---|---|\n"
            + "| `muster ps` | 100 ms (90 ms to 120 ms) | `git`: 50 ms (50 ms to 50 ms) | 2 |  | 150 ms | yes |\n"
            + "\nTaken on 2026-12-01.\n<!-- end -->\n\nWhy.";
        var row = Beside(peer: 0.05, 0.09, 0.1, 0.12) with { Budget = new(0.15) };

        Assert.Equal(made, Results.WithTables(text, [row]));
        Assert.Equal(made, Results.WithTables(made, [row]));
    }

    [Fact]
    public void A_table_of_what_was_not_measured_yet_stays()
    {
        const string text = "<!-- measured: tree -->\n| older |\n<!-- end -->";
        Assert.Equal(text, Results.WithTables(text, [Took(1)]));
    }

    [Fact]
    public void A_table_without_an_end_is_not_guessed() =>
        Assert.Throws<InvalidOperationException>(() => Results.WithTables("<!-- measured: start -->\nold", [Took(1)]));

    private static Measured Took(params IReadOnlyList<double> rounds) =>
        Measured.Of("start", Day, [.. rounds.Select(own => new Row("`muster ps`", Unit.Seconds, own))]);

    private static Measured Beside(double peer, params IReadOnlyList<double> rounds) =>
        Measured.Of(
            "start",
            Day,
            [.. rounds.Select(own => new Row("`muster ps`", Unit.Seconds, own) { Peer = new("`git`", peer) })]
        );
}
