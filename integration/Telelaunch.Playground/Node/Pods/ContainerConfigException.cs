namespace Telelaunch.Playground.Node.Pods;

/// <summary>A container can't be made of what its pod says, for now: waiting, <c>CreateContainerConfigError</c>.</summary>
internal sealed class ContainerConfigException(string message) : Exception(message);

/// <summary>A volume can't be set up, for now: the pod stays ContainerCreating, an event <c>FailedMount</c> tells why.</summary>
internal sealed class VolumeException(string volume, string message) : Exception($"MountVolume.SetUp failed for volume \"{volume}\" : {message}");
