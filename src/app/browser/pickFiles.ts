/** Image files of the visitor's choice; none where the dialog is closed without one. Needs a click to be allowed. */
export function pickFiles(): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.accept = IMAGE_ACCEPT;
    input.addEventListener('change', () => resolve([...(input.files ?? [])]), { once: true });
    input.addEventListener('cancel', () => resolve([]), { once: true });
    input.click();
  });
}

/** What `image/*` knows leaves out the files of scanners. */
const IMAGE_ACCEPT = 'image/*,.dcm,.dicom,application/dicom,.nii,.nii.gz,.gz,.tif,.tiff';
