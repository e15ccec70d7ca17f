namespace Muster.Node.Engines;

public sealed class EngineEnvironmentTests
{
    [Theory]
    [
        InlineData("PATH", true),
        InlineData("HOME", true),
        InlineData("LANG", true),
        InlineData("LC_ALL", true),
        InlineData("LD_LIBRARY_PATH", true),
        InlineData("CUDA_VISIBLE_DEVICES", true),
        InlineData("NVIDIA_VISIBLE_DEVICES", true),
        InlineData("OMP_NUM_THREADS", true),
        InlineData("PYTHONPATH", true),
        InlineData("CONDA_PREFIX", true),
        InlineData("GDAL_DATA", true),
        InlineData("APPTAINER_CACHEDIR", true),
        InlineData("https_proxy", true),
        InlineData("XDG_RUNTIME_DIR", true)
    ]
    [
        InlineData("MUSTER_TOKEN", false),
        InlineData("MUSTER_ADMIN_PASS", false),
        InlineData("MUSTER_DATABASE", false),
        InlineData("PGPASSWORD", false),
        InlineData("PGSERVICEFILE", false),
        InlineData("AWS_ACCESS_KEY_ID", false),
        InlineData("AWS_SECRET_ACCESS_KEY", false),
        InlineData("GOOGLE_APPLICATION_CREDENTIALS", false),
        InlineData("OTEL_EXPORTER_OTLP_HEADERS", false),
        InlineData("DATABASE_URL", false),
        InlineData("SSH_AUTH_SOCK", false),
        InlineData("CREDENTIALS_DIRECTORY", false),
        InlineData("NOTIFY_SOCKET", false)
    ]
    [
        InlineData("APPTAINER_DOCKER_PASSWORD", false),
        InlineData("SLURM_JWT", false),
        InlineData("CONDA_TOKEN", false),
        InlineData("DOCKER_AUTH_CONFIG", false)
    ]
    public void An_engine_gets_what_programs_need_and_no_secret(string name, bool may) =>
        Assert.Equal(may, EngineEnvironment.MayHave(name));

    [Fact]
    public async Task A_program_cannot_read_the_secrets_of_whoever_starts_it()
    {
        // No other test reads this name; a variable of the whole process is where a server's secrets are.
        Environment.SetEnvironmentVariable("MUSTER_TEST_SECRET", "s3cret");
        try
        {
            var (code, output, _) = await Programs.RunAsync(
                new(["env"], "/") { Environment = new Dictionary<string, string> { ["GIVEN"] = "yes" } },
                "",
                TestContext.Current.CancellationToken
            );
            var lines = output.Split('\n');
            Assert.Equal(0, code);
            Assert.Contains("GIVEN=yes", lines);
            Assert.Contains(lines, line => line.StartsWith("PATH=", StringComparison.Ordinal));
            Assert.DoesNotContain("s3cret", output, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("MUSTER_TEST_SECRET", null);
        }
    }
}
