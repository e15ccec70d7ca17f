using System.Text.Json;

namespace Muster.NodeOdm;

public sealed class OptionRulesTests
{
    private static readonly IReadOnlyList<OptionDescription> Known =
    [
        Option("split", "int", "integer: 1 <= x <= 100"),
        Option("octree", "int", "positive integer"),
        Option("below", "int", "negative integer"),
        Option("free", "int", ""),
        Option("gsd", "float", "float: 0 <= x <= 10"),
        Option("above", "float", "float > 0"),
        Option("from", "float", "float >= 2"),
        Option("under", "float", "float < 2"),
        Option("upto", "float", "float <= 2"),
        Option("share", "float", "percent"),
        Option("dsm", "bool", ""),
        Option("boundary", "string", "json"),
        Option("text", "string", "string"),
        Option("odd", "string", "whatever"),
        new()
        {
            Name = "kind",
            Type = "enum",
            Value = "",
            Domain = OptionDomain.Of("sift", "orb"),
            Help = "",
        },
        Option("max-concurrency", "int", "positive integer"),
    ];

    [Theory]
    [InlineData("""[{"name":"split","value":"5.7"}]""", """[{"name":"split","value":5}]""")]
    [InlineData("""[{"name":"split","value":"5abc"}]""", """[{"name":"split","value":5}]""")]
    [InlineData("""[{"name":"split","value":5}]""", """[{"name":"split","value":5}]""")]
    [InlineData("""[{"name":"gsd","value":"2.5cm"}]""", """[{"name":"gsd","value":2.5}]""")]
    [InlineData("""[{"name":"octree","value":"0"}]""", """[{"name":"octree","value":0}]""")]
    [InlineData("""[{"name":"dsm","value":"1"}]""", """[{"name":"dsm","value":true}]""")]
    [InlineData("""[{"name":"dsm","value":false}]""", """[{"name":"dsm","value":false}]""")]
    [InlineData(
        """[{"name":"boundary","value":"{\"type\":\"Feature\"}"}]""",
        """[{"name":"boundary","value":"{\"type\":\"Feature\"}"}]"""
    )]
    [InlineData(
        """[{"name":"kind","value":"orb"},{"name":"kind","value":"sift"}]""",
        """[{"name":"kind","value":"orb"}]"""
    )]
    [InlineData(
        """[{"name":"text","value":"a"},{"name":"unheard","value":1},{"name":"split","value":2}]""",
        """[{"name":"split","value":2},{"name":"text","value":"a"}]"""
    )]
    [InlineData("""[{"name":"dsm","value":"0"}]""", """[{"name":"dsm","value":false}]""")]
    [InlineData("""[{"name":"dsm","value":"false"}]""", """[{"name":"dsm","value":false}]""")]
    [InlineData("""[{"name":"split","value":5.7}]""", """[{"name":"split","value":5}]""")]
    [InlineData("""[{"name":"split","value":100}]""", """[{"name":"split","value":100}]""")]
    [InlineData("""[{"name":"split","value":1}]""", """[{"name":"split","value":1}]""")]
    [InlineData("""[{"name":"below","value":0}]""", """[{"name":"below","value":0}]""")]
    [InlineData("""[{"name":"below","value":-3}]""", """[{"name":"below","value":-3}]""")]
    [InlineData("""[{"name":"share","value":0}]""", """[{"name":"share","value":0}]""")]
    [InlineData("""[{"name":"share","value":100}]""", """[{"name":"share","value":100}]""")]
    [InlineData("""[{"name":"above","value":0.5}]""", """[{"name":"above","value":0.5}]""")]
    [InlineData("""[{"name":"from","value":2}]""", """[{"name":"from","value":2}]""")]
    [InlineData("""[{"name":"from","value":3}]""", """[{"name":"from","value":3}]""")]
    [InlineData("""[{"name":"under","value":1.5}]""", """[{"name":"under","value":1.5}]""")]
    [InlineData("""[{"name":"upto","value":2}]""", """[{"name":"upto","value":2}]""")]
    [InlineData("""[{"name":"upto","value":1}]""", """[{"name":"upto","value":1}]""")]
    [InlineData("""[{"name":7,"value":1},{"value":2}]""", "[]")]
    [InlineData("""{"name":"split"}""", "[]")]
    [InlineData("[1,null,{}]", "[]")]
    [InlineData("", "[]")]
    [InlineData(null, "[]")]
    public void What_is_sent_becomes_typed_options_in_the_engines_order(string? sent, string accepted)
    {
        Assert.True(OptionRules.TryRead(Known, sent, null, out var options, out _));
        Assert.Equal(accepted, JsonSerializer.Serialize(options, OdmJson.Wire.IReadOnlyListTaskOption));
    }

    [Theory]
    [InlineData("split", "\"abc\"", "Invalid value NaN (out of range)")]
    [InlineData("split", "0", "Invalid value 0 (out of range)")]
    [InlineData("below", "1", "Invalid value 1 (out of range)")]
    [InlineData("gsd", "10.5", "Invalid value 10.5 (out of range)")]
    [InlineData("above", "0", "Invalid value 0 (out of range)")]
    [InlineData("share", "-1", "Invalid value -1 (out of range)")]
    [InlineData("from", "1.5", "Invalid value 1.5 (out of range)")]
    [InlineData("under", "2", "Invalid value 2 (out of range)")]
    [InlineData("under", "3", "Invalid value 3 (out of range)")]
    [InlineData("upto", "2.5", "Invalid value 2.5 (out of range)")]
    [InlineData("above", "\"1e999\"", "Invalid value NaN (out of range)")]
    [InlineData("above", "true", "Invalid value NaN (out of range)")]
    [InlineData("share", "101", "Invalid value 101 (out of range)")]
    [InlineData("dsm", "\"yes\"", "Cannot convert yes to boolean")]
    [InlineData("kind", "\"surf\"", "Invalid value surf (not in enum)")]
    [InlineData("boundary", "\"{\"", "Invalid value { (out of range)")]
    [InlineData("odd", "\"x\"", "Domain value cannot be handled: 'whatever' : 'x'")]
    public void What_cannot_be_is_told_by_name(string name, string value, string error)
    {
        Assert.False(
            OptionRules.TryRead(Known, $$"""[{"name":"{{name}}","value":{{value}}}]""", null, out _, out var fault)
        );
        Assert.Equal(
            JsonSerializer.Serialize<IReadOnlyList<OptionFault>>(
                [new(name, error)],
                OdmJson.Wire.IReadOnlyListOptionFault
            ),
            fault
        );
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        Assert.False(
            OptionRules.TryRead(
                Known,
                """[{"name":"dsm","value":"x"},{"name":"split","value":"x"}]""",
                null,
                out _,
                out var fault
            )
        );
        Assert.Equal(
            """[{"name":"split","error":"Invalid value NaN (out of range)"},{"name":"dsm","error":"Cannot convert x to boolean"}]""",
            fault
        );
    }

    [Fact]
    public void Text_that_is_not_json_is_an_error() =>
        Assert.False(OptionRules.TryRead(Known, "[{", null, out _, out _));

    [Theory]
    [InlineData("[]", 4)]
    [InlineData("""[{"name":"max-concurrency","value":16}]""", 4)]
    [InlineData("""[{"name":"max-concurrency","value":4}]""", 4)]
    [InlineData("""[{"name":"max-concurrency","value":2}]""", 2)]
    public void A_cap_on_concurrency_lowers_and_adds(string sent, int expected)
    {
        Assert.True(OptionRules.TryRead(Known, sent, 4, out var options, out _));
        Assert.Equal(expected, options.Single().Value.GetInt32());
    }

    [Fact]
    public void An_engine_that_knows_no_concurrency_gets_no_cap()
    {
        var known = Known.Where(option => option.Name != "max-concurrency").ToList();
        Assert.True(OptionRules.TryRead(known, "[]", 4, out var options, out _));
        Assert.Empty(options);
    }

    private static OptionDescription Option(string name, string type, string rule) =>
        new()
        {
            Name = name,
            Type = type,
            Value = "",
            Domain = new(rule),
            Help = "",
        };
}
