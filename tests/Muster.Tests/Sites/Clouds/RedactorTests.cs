using System.Text;

namespace Muster.Sites.Clouds;

public sealed class RedactorTests
{
    private const string Token = "Zx8+kQ/41LmnWq7RtY0pVbC3sDfG5hJ6aZx8kQ41LmnWq7RtY0pVbC3sDfG5hJ6a";
    private static readonly Redactor Redactor = new([new(Token, "HCLOUD_TOKEN"), new("short", "file")]);

    [Fact]
    public void A_secret_is_taken_out_whole_cut_off_encoded_and_escaped()
    {
        string[] forms =
        [
            Token,
            Token[..32],
            Token[..20],
            Convert.ToBase64String(Encoding.UTF8.GetBytes(Token)),
            Uri.EscapeDataString(Token),
            $"{Token}{Token}",
        ];
        foreach (var form in forms)
        {
            var clean = Redactor.Clean($"limit reached for '{form}', wait");
            Assert.StartsWith("limit reached for '(hidden)", clean, StringComparison.Ordinal);
            Assert.EndsWith("', wait", clean, StringComparison.Ordinal);
            Assert.DoesNotContain(form[..16], clean, StringComparison.Ordinal);
            Assert.DoesNotContain(form[^8..], clean, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Other_text_stays_as_it_is() =>
        Assert.Equal("server limit exceeded", Redactor.Clean("server limit exceeded"));

    [Fact]
    public void A_secret_prints_as_what_it_came_from() =>
        Assert.Equal("(from HCLOUD_TOKEN)", $"{new Secret(Token, "HCLOUD_TOKEN")}");
}
