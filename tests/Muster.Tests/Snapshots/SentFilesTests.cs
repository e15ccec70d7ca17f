namespace Muster.Snapshots;

public sealed class SentFilesTests
{
    [Theory]
    [InlineData(".env", true)]
    [InlineData("deep/.env.production", true)]
    [InlineData(".env.example", false)]
    [InlineData("ssh/id_rsa", true)]
    [InlineData("ssh/id_ed25519.pub", false)]
    [InlineData("server.PEM", true)]
    [InlineData("aws/credentials", true)]
    [InlineData("client_secret.json", true)]
    [InlineData("secrets.py", false)]
    [InlineData("environment.yml", false)]
    [InlineData("tokenizer.json", false)]
    [InlineData("keys.txt", false)]
    public void Names_of_secrets_are_known(string path, bool isSecret) =>
        Assert.Equal(isSecret, SecretFileNames.Fits(path));
}
