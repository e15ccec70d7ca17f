using Muster.Faults;
using Muster.Sites.Clouds;
using Muster.Sites.Clouds.Aws;
using Muster.Sites.Clouds.DigitalOcean;
using Muster.Sites.Clouds.Exec;
using Muster.Sites.Clouds.Hetzner;
using Muster.Sites.Clouds.Kubernetes;
using Muster.Sites.Clouds.Scaleway;

namespace Muster.Sites;

/// <summary>Opens the provider that a site names.</summary>
public static class CloudProviders
{
    /// <summary>Throws when a secret that the site needs is not set.</summary>
    public static ICloud Open(CloudSettings settings, TimeProvider clock)
    {
        if (settings.Secrets.FirstOrDefault(secret => secret.IsMissing) is { } missing)
            throw new UserException(
                $"{settings} needs {missing.Source}, which is not set",
                missing.Source.Contains('/')
                    ? "Write the secret into that file."
                    : $"Set it, for example: export {missing.Source}=…"
            );
        var redactor = new Redactor(settings.Secrets);
        return settings.Provider switch
        {
            CloudProvider.Hetzner => new HetznerCloud(settings, redactor, clock),
            CloudProvider.Exec => new ExecCloud(settings, redactor, clock),
            CloudProvider.Aws => new AwsCloud(settings, redactor, clock),
            CloudProvider.DigitalOcean => new OceanCloud(settings, redactor, clock),
            CloudProvider.Kubernetes => new KubeCloud(settings, clock),
            CloudProvider.Scaleway => new ScalewayCloud(settings, redactor, clock),
            _ => throw new InvalidOperationException($"a provider {settings.Provider}"),
        };
    }
}
