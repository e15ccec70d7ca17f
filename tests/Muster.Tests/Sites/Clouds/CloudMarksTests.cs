using FsCheck;
using FsCheck.Fluent;

namespace Muster.Sites.Clouds;

public sealed class CloudMarksTests
{
    private static readonly MachineOrder Order = CloudOrders.New("fsn1", "cx22", "ubuntu-24.04");

    [Fact]
    public void Marks_are_read_back_from_labels_and_from_tags()
    {
        Assert.Equal(CloudMarks.Of(Order), CloudMarks.OfLabels(CloudMarks.Labels(Order)));
        Assert.Equal(CloudMarks.Of(Order), CloudMarks.OfTags(CloudMarks.Tags(Order)));
        Assert.Contains(CloudMarks.FleetTag(CloudOrders.Fleet), CloudMarks.Tags(Order));
        Assert.Contains(CloudMarks.OrderTag(Order.Id), CloudMarks.Tags(Order));
    }

    [Fact]
    public void Tags_in_the_case_of_their_first_use_are_read_too() =>
        Assert.Equal(
            CloudMarks.Of(Order),
            CloudMarks.OfTags(CloudMarks.Tags(Order).Select(tag => tag.ToUpperInvariant()))
        );

    [Fact]
    public void The_users_labels_stand_beside_the_marks_and_never_replace_them()
    {
        var greedy = Order with
        {
            Labels = new Dictionary<string, string> { ["muster"] = CloudOrders.OtherFleet, ["team"] = "" },
        };
        Assert.Equal(CloudOrders.Fleet, CloudMarks.OfLabels(CloudMarks.Labels(greedy)).Fleet);
        Assert.Contains("team", CloudMarks.Tags(greedy));
    }

    [Fact]
    public void Marks_and_names_fit_every_provider()
    {
        foreach (var (key, value) in CloudMarks.Labels(Order))
        {
            Assert.InRange(key.Length, 1, 63);
            Assert.Matches(@"\A[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\z", value);
        }
        Assert.All(CloudMarks.Tags(Order), tag => Assert.Matches(@"\A[A-Za-z0-9_:-]{1,255}\z", tag));
        Assert.Matches(@"\A[a-z][a-z0-9-]{0,61}[a-z0-9]\z", Order.Name);
    }

    [Theory]
    [InlineData("muster", "")]
    [InlineData("muster-order", "0197")]
    [InlineData("muster", "4be1c02a77d9x")]
    [InlineData("muster", "4BE1C02A77D9'")]
    [InlineData("muster-until", "-1")]
    [InlineData("muster-until", "99999999999999999")]
    public void A_mark_that_was_changed_by_hand_is_none(string key, string value) =>
        Assert.Equal(new(null, null, null), CloudMarks.OfLabels([KeyValuePair.Create(key, value)]));

    [Fact]
    public void No_label_however_odd_is_a_fault_of_ours() =>
        Prop.ForAll<string>(text =>
                CloudMarks.OfTags([$"muster-until:{text}", $"{text}:{text}", text ?? ""]).Until is null or { Year: > 0 }
            )
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(LabelForm.Labels, "team", "north-field", true)]
    [InlineData(LabelForm.Labels, "example.org/team", "", true)]
    [InlineData(LabelForm.Labels, "hetzner.cloud/x", "1", false)]
    [InlineData(LabelForm.Labels, "team", "two words", false)]
    [InlineData(LabelForm.Labels, "Muster-x", "1", false)]
    [InlineData(LabelForm.PlainTags, "team", "a.b", false)]
    [InlineData(LabelForm.PlainTags, "team", "a_b", true)]
    [InlineData(LabelForm.FreeTags, "team", "two words", true)]
    [InlineData(LabelForm.FreeTags, "team", "a,b", false)]
    [InlineData(LabelForm.KeyedTags, "Name of team", "a,b", true)]
    [InlineData(LabelForm.KeyedTags, "aws:x", "1", false)]
    public void Labels_are_checked_by_the_providers_rules(LabelForm form, string key, string value, bool fits) =>
        Assert.Equal(fits, CloudMarks.Mistake(form, key, value) is null);
}
